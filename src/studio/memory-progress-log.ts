import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.js';
import type { ProgressDraft, ProgressLog } from './progress-log.js';
import type { ProgressEvent } from './types.js';

export interface MemoryProgressLogOptions {
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** For the events of one generation; beyond it the previews of its oldest steps are let go, never the steps. */
  readonly maxBytes: number;
  /** For all logs of finished generations together. */
  readonly keptBytes: number;
}

/** An event without a preview: the record of a generation, which all its events share but for a few fields. */
const eventBytes = 512;
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
  readonly #events: ProgressEvent[] = [];
  readonly #readers = new Set<() => void>();
  /** Every event before this index has lost its preview. */
  #bare = 0;
  bytes = 0;
  ended = false;

  constructor(options: MemoryProgressLogOptions) {
    this.#options = options;
  }

  append(draft: ProgressDraft): number {
    const event: ProgressEvent = { ...draft, sequence: this.#events.length + 1 };
    this.#events.push(event);
    if (event.sequence === 1) this.bytes += wordsBytes(event);
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
    while (!signal.aborted) {
      const event = this.#events[index];
      if (event !== undefined) {
        index++;
        yield event;
      } else if (this.ended) {
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
    const { sequence, generation } = this.#events.at(-1)!;
    return { type: 'Heartbeat', sequence, generation, at: this.#options.clock.now() };
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

/** Which all events of a generation share. */
const wordsBytes = ({ generation: { prompt, negativePrompt } }: ProgressEvent): number =>
  2 * (prompt.length + negativePrompt.length);

const previewBytes = (event: ProgressEvent): number =>
  event.type === 'StepFinished' ? (event.preview?.length ?? 0) : 0;
