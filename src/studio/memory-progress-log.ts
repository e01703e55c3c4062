import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.js';
import type { ProgressDraft, ProgressLog } from './progress-log.js';
import type { Generation, ProgressEvent } from './types.js';

export interface MemoryProgressLogOptions {
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** For the events of one generation; beyond it the previews of its oldest steps are let go, never the steps. */
  readonly maxBytes: number;
  /** For all logs of finished generations together. */
  readonly keptBytes: number;
}

/** An event without a preview, and the record of its generation, which all of them share. */
const eventBytes = 256;
const generationBytes = 512;
const keptLogs = 1000;

/** Keeps the logs in memory: of running generations always, of finished ones within a budget. */
export function createMemoryProgressLog(options: MemoryProgressLogOptions): ProgressLog {
  const running = new Map<string, Log>();
  const finished = new LRUCache<string, Log>({
    max: keptLogs,
    // A budget of 0 keeps none; to lru-cache it would mean no budget.
    maxSize: Math.max(1, options.keptBytes),
    sizeCalculation: (log) => log.bytes,
  });

  return {
    append(id, draft) {
      const log = running.get(id) ?? new Log(options);
      running.set(id, log);
      const sequence = log.append(draft);
      if (log.ended) {
        running.delete(id);
        finished.set(id, log);
      }
      return sequence;
    },
    read(id, after, signal) {
      return (running.get(id) ?? finished.get(id))?.read(after, signal) ?? null;
    },
  };
}

class Log {
  readonly #options: MemoryProgressLogOptions;
  /** Number n at index n − 1. */
  readonly #events: Told[] = [];
  /** As it was last told. */
  #generation: Generation | null = null;
  readonly #readers = new Set<() => void>();
  /** Every event before this index has lost its preview. */
  #bare = 0;
  bytes = 0;
  ended = false;

  constructor(options: MemoryProgressLogOptions) {
    this.#options = options;
  }

  append(draft: ProgressDraft): number {
    const { generation, ...told } = draft;
    const event: Told = { ...told, sequence: this.#events.length + 1 };
    this.#events.push(event);
    this.#generation = generation;
    if (event.sequence === 1) this.bytes += generationBytes + wordsBytes(generation);
    this.bytes += eventBytes + previewBytes(event);
    this.#letPreviewsGo();
    this.ended = event.type === 'GenerationFinished';
    const readers = [...this.#readers];
    this.#readers.clear();
    for (const wake of readers) wake();
    return event.sequence;
  }

  /** Reads by index, so that a reader that takes its time costs nothing but its place. */
  async *read(after: number, signal: AbortSignal): AsyncGenerator<ProgressEvent> {
    let index = after;
    // Of a reader that has seen more than there is only this is sure: how it ends is news.
    const isBeyond = after > this.#events.length;
    while (!signal.aborted) {
      const event = this.#events[index];
      if (event !== undefined) {
        index++;
        yield { ...event, generation: this.#generation! };
      } else if (this.ended) {
        if (isBeyond && index === after) yield { ...this.#events.at(-1)!, generation: this.#generation! };
        return;
      } else if ((await this.#silence(signal)) === 'long') {
        yield this.#heartbeat();
      }
    }
  }

  /** Resolves at the next event or when the signal aborts; `long` when it takes so long that a heartbeat is due. */
  #silence(signal: AbortSignal): Promise<'broken' | 'long'> {
    return new Promise((resolve) => {
      const over = (how: 'broken' | 'long') => {
        this.#readers.delete(wake);
        signal.removeEventListener('abort', wake);
        stop();
        resolve(how);
      };
      const wake = () => over('broken');
      const stop = this.#options.clock.after(this.#options.heartbeatMs, () => over('long'));
      this.#readers.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  #heartbeat(): ProgressEvent {
    const { sequence } = this.#events.at(-1)!;
    return { type: 'Heartbeat', sequence, generation: this.#generation!, at: this.#options.clock.now() };
  }

  #letPreviewsGo(): void {
    // The newest is what a client that comes back wants to see first: it stays.
    const last = this.#events.length - 1;
    for (; this.bytes > this.#options.maxBytes && this.#bare < last; this.#bare++) {
      const event = this.#events[this.#bare]!;
      if (event.type !== 'StepFinished' || event.preview === null) continue;
      this.bytes -= previewBytes(event);
      this.#events[this.#bare] = { ...event, preview: null };
    }
  }
}

/** An event as it is kept: a reader is given its generation as that is when the event is sent. */
type Told = WithoutGeneration<Exclude<ProgressEvent, { type: 'Heartbeat' }>>;
type WithoutGeneration<T> = T extends unknown ? Omit<T, 'generation'> : never;

const wordsBytes = ({ prompt, negativePrompt }: Generation): number => 2 * (prompt.length + negativePrompt.length);

const previewBytes = (event: Told): number => (event.type === 'StepFinished' ? (event.preview?.length ?? 0) : 0);
