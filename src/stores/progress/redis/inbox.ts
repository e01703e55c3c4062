import type { GenerationEvent } from '../../../domain/event.js';
import type { Generation } from '../../../domain/generation.js';
import type { Clock } from '../../../environment/clock.js';
import type { Listener } from '../../redis/channels.js';
import { joined } from './stored-log.js';

export interface Message {
  readonly event: GenerationEvent;
  /** Number of the event before it. */
  readonly before: number;
  /** The generation after it, without its prompts. */
  readonly state: Partial<Generation>;
}

/** A reader that is slower than this reads from the store instead. */
const MOST_MESSAGES = 64;

/** What was published and not yet read by one reader. */
export class Inbox implements Listener {
  /** Whether something may have been missed; so it is at the beginning. */
  hasGap = true;
  #messages: string[] = [];
  #wake: (() => void) | null = null;

  onMessage = (message: string): void => {
    if (this.#messages.length < MOST_MESSAGES) this.#messages.push(message);
    else this.hasGap = true;
    this.#wake?.();
  };

  onGap = (): void => {
    this.hasGap = true;
    this.#wake?.();
  };

  /** What is heard from now on comes after what is stored now. */
  clear(): void {
    this.hasGap = false;
    this.#messages = [];
  }

  take(): Message | undefined {
    if (this.hasGap) return undefined;
    const message = this.#messages.shift();
    if (message === undefined) return undefined;
    const { event, before, preview, state } = JSON.parse(message) as Record<string, string>;
    return { event: joined(event!, preview!), before: Number(before), state: JSON.parse(state!) };
  }

  /** Resolves at the next message or when a signal aborts; `long` when it takes so long that a heartbeat is due. */
  silence(clock: Clock, ms: number, signals: readonly AbortSignal[]): Promise<'broken' | 'long'> {
    return new Promise((resolve) => {
      const over = (how: 'broken' | 'long') => {
        this.#wake = null;
        for (const signal of signals) signal.removeEventListener('abort', wake);
        stop();
        resolve(how);
      };
      const wake = () => over('broken');
      const stop = clock.after(ms, () => over('long'));
      this.#wake = wake;
      for (const signal of signals) signal.addEventListener('abort', wake, { once: true });
      // Between the last look and now.
      if (this.hasGap || this.#messages.length > 0 || signals.some(({ aborted }) => aborted)) wake();
    });
  }
}
