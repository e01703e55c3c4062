import { LRUCache } from 'lru-cache';
import type { GenerationEvent, ProgressEvent } from '../../domain/event.js';
import type { Generation } from '../../domain/generation.js';
import type { Clock } from '../../environment/clock.js';
import { type ProgressLog, StaleWriter } from './progress-log.js';

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
    async append(generation, event) {
      const { id } = generation;
      const log = running.get(id) ?? finished.get(id) ?? new Log(options);
      if (log.has(event)) return;
      if (log.ended || event.sequence <= log.last) throw new StaleWriter();
      running.set(id, log);
      log.append(generation, event);
      if (log.ended) {
        running.delete(id);
        finished.set(id, log);
      }
    },
    async read(id, after, signal) {
      return (running.get(id) ?? finished.get(id))?.read(after, signal) ?? null;
    },
    async states(ids) {
      return ids.map((id) => (running.get(id) ?? finished.get(id))?.generation ?? null);
    },
    async close() {
      for (const log of running.values()) log.close();
    },
  };
}

class Log {
  readonly #options: MemoryProgressLogOptions;
  /** Numbers follow one another from the first's. */
  readonly #events: GenerationEvent[] = [];
  /** As it was last told. */
  #generation: Generation | null = null;
  readonly #readers = new Set<() => void>();
  /** Every event before this index has lost its preview. */
  #bare = 0;
  bytes = 0;
  ended = false;
  #closed = false;

  constructor(options: MemoryProgressLogOptions) {
    this.#options = options;
  }

  get generation(): Generation | null {
    return this.#generation;
  }

  /** Number of the last event; 0 before the first. */
  get last(): number {
    return this.#events.at(-1)?.sequence ?? 0;
  }

  /** Whether the same event was appended before, with or without its preview. */
  has(event: GenerationEvent): boolean {
    const known = this.#events[event.sequence - (this.#events[0]?.sequence ?? 0)];
    return known !== undefined && bare(known) === bare(event);
  }

  append(generation: Generation, event: GenerationEvent): void {
    if (this.#events.length === 0) this.bytes += generationBytes + promptBytes(generation);
    this.#events.push(event);
    this.#generation = generation;
    this.bytes += eventBytes + previewBytes(event);
    this.#letPreviewsGo();
    this.ended = event.type === 'GenerationFinished';
    this.#wake();
  }

  /** Its writer is gone, and another one's log goes on elsewhere. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  #wake(): void {
    const readers = [...this.#readers];
    this.#readers.clear();
    for (const wake of readers) wake();
  }

  /** Reads by index, so that a reader that takes its time costs nothing but its place. */
  async *read(after: number, signal: AbortSignal): AsyncGenerator<ProgressEvent> {
    let index = Math.max(0, after + 1 - this.#events[0]!.sequence);
    // Of a reader that has seen more than there is only this is sure: how it ends is news.
    let isAhead = index > this.#events.length;
    while (!signal.aborted && !this.#closed) {
      const event = this.#events[index];
      if (event !== undefined) {
        index++;
        isAhead = false;
        yield { ...event, generation: this.#generation! };
      } else if (this.ended) {
        if (isAhead) yield { ...this.#events.at(-1)!, generation: this.#generation! };
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

const promptBytes = ({ prompt, negativePrompt }: Generation): number => 2 * (prompt.length + negativePrompt.length);

const previewBytes = (event: GenerationEvent): number =>
  event.type === 'StepFinished' ? (event.preview?.length ?? 0) : 0;

const bare = (event: GenerationEvent): string =>
  JSON.stringify(event.type === 'StepFinished' ? { ...event, preview: null } : event);
