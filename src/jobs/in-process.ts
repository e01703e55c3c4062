import type { Job, JobEvent } from '../domain/job.js';
import type { ProblemRecord } from '../domain/problem.js';
import { QueueFull } from '../domain/problems.js';
import { batchKeyOf } from './compatible.js';
import { costOf, Pace } from './pace.js';
import type { Depth, Joined, Place, Queue, QueueMetrics, Waiter, Worker } from './queue.js';
import { Turns } from './turns.js';
import { worthTelling } from './worth-telling.js';

export interface InProcessOptions {
  readonly workers: readonly Worker[];
  /** Requests that may wait. */
  readonly limit: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A failure as the waiters' generations store it. */
  readonly problemOf: (error: unknown) => ProblemRecord;
  /** Whether another try may end well although nothing else changes. */
  readonly worthAnotherTry: (error: unknown) => boolean;
}

/** Of one job. */
const MOST_TRIES = 3;
/** The shortest `retryAfterMs`. */
const SHORTEST_MS = 250;

/** The making of one image. */
interface Entry {
  readonly job: Job;
  readonly caller: string;
  readonly cost: number;
  readonly batchKey: string | null;
  readonly addedAt: number;
  readonly abort: AbortController;
  readonly waiters: Map<string, (event: JobEvent) => void>;
  readonly history: JobEvent[];
  attempt: number;
  /** After it failed together with others' jobs: whose fault that was is seen when it is alone. */
  alone: boolean;
  /** What it was last told. */
  position: number;
}

/** The queue of one process: nothing of it outlives the process. */
export class InProcessQueue implements Queue {
  readonly #options: InProcessOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #turns = new Turns<Entry>();
  readonly #free: Set<Worker>;
  readonly #running = new Set<Promise<void>>();
  /** When each entry that runs was begun. */
  readonly #begun = new Map<Entry, number>();
  readonly #pace = new Pace();

  constructor(options: InProcessOptions) {
    this.#options = options;
    this.#free = new Set(options.workers);
  }

  async capacity(places: readonly Place[]): Promise<void> {
    this.#requirePlace(this.#unknown(places));
  }

  async add(jobs: readonly Job[], waiter: Waiter, { force = false } = {}): Promise<readonly Joined[]> {
    const added = this.#unknown(jobs);
    if (!force) this.#requirePlace(added);
    const entries = added.map((job) => this.#entryOf(job));
    for (const entry of entries) this.#entries.set(entry.job.fingerprint, entry);
    const joined = jobs.map(({ fingerprint }, index): Joined => {
      const entry = this.#entries.get(fingerprint)!;
      entry.waiters.set(waiter.id, (event) => waiter.onEvent(index, event));
      return { outcome: entries.includes(entry) ? 'MISS' : 'SHARED', history: [...entry.history] };
    });
    for (const entry of entries) this.#turns.add(entry);
    this.#startNext();
    this.#announce();
    return joined;
  }

  async leave(waiter: string): Promise<void> {
    for (const entry of [...this.#entries.values()]) {
      if (!entry.waiters.delete(waiter) || entry.waiters.size > 0) continue;
      this.#entries.delete(entry.job.fingerprint);
      this.#turns.remove(entry);
      entry.abort.abort(new Error('Nobody waits for this image any more.'));
    }
    this.#announce();
  }

  async position(fingerprint: string): Promise<number | null> {
    const entry = this.#entries.get(fingerprint);
    return entry === undefined ? null : (this.#positions().get(entry) ?? null);
  }

  async depth(): Promise<Depth> {
    return { waiting: this.#turns.length, running: this.#begun.size };
  }

  async metrics(): Promise<QueueMetrics> {
    const [waiting, running] = [this.#turns.items, [...this.#begun.keys()]];
    const of = (entries: readonly Entry[], model: string) =>
      entries.filter(({ job }) => job.image.model === model).length;
    const models = new Set([...waiting, ...running].map(({ job }) => job.image.model));
    const oldest = Math.min(...waiting.map(({ addedAt }) => addedAt));
    return {
      counts: { waiting: waiting.length, prioritized: 0, active: running.length },
      models: Object.fromEntries([...models].map((id) => [id, { waiting: of(waiting, id), running: of(running, id) }])),
      oldestMs: waiting.length === 0 ? 0 : this.#options.now() - oldest,
    };
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Those without a job that waits or runs. */
  #unknown<P extends Place>(places: readonly P[]): readonly P[] {
    return places.filter(({ fingerprint }) => !this.#entries.has(fingerprint));
  }

  #entryOf(job: Job): Entry {
    return {
      ...{ job, caller: job.caller, cost: costOf(job), batchKey: batchKeyOf(job), addedAt: this.#options.now() },
      ...{ abort: new AbortController(), waiters: new Map(), history: [], attempt: 1, alone: false, position: -1 },
    };
  }

  /** A full queue still takes one request of a caller that has none in it, so that one caller cannot fill it for all. @throws QueueFull */
  #requirePlace([first]: readonly Place[]): void {
    if (first === undefined) return;
    const { limit } = this.#options;
    const waiting = new Map(this.#turns.items.map(({ job }) => [job.request, job.caller]));
    const more = Math.max(0, waiting.size + 1 - this.#free.size);
    const isNew = ![...waiting.values()].includes(first.caller);
    if (more <= limit || (isNew && more <= 2 * limit)) return;
    const after = this.#retryAfterMs();
    throw new QueueFull(
      `${waiting.size} of at most ${limit} requests are waiting. Try again in ${Math.ceil(after / 1000)} s.`,
      after,
    );
  }

  /** What is left of the jobs that run, and all of those that wait. */
  #retryAfterMs(): number {
    const { now, workers } = this.#options;
    const left = [...this.#begun].map(([{ cost }, begun]) => Math.max(0, this.#pace.msOf(cost) - (now() - begun)));
    const waiting = this.#turns.items.map(({ cost }) => this.#pace.msOf(cost));
    const total = [...left, ...waiting].reduce((sum, ms) => sum + ms, 0);
    return Math.max(SHORTEST_MS, Math.round(total / workers.length));
  }

  #startNext(): void {
    while (this.#free.size > 0) {
      const head = this.#turns.take();
      if (head === undefined) return;
      const worker = chosen(this.#free, head.job.image.model);
      this.#free.delete(worker);
      const run = this.#run(worker, [head, ...this.#companions(head, worker.batch)]);
      this.#running.add(run);
      run.finally(() => this.#running.delete(run));
    }
  }

  /** Jobs that share the head's model call: those of its own request, then others' up to what a model call takes. */
  #companions(head: Entry, most: number): readonly Entry[] {
    if (head.batchKey === null) return [];
    const fitting = this.#turns.items.filter(({ batchKey }) => batchKey === head.batchKey);
    const own = fitting.filter(({ job }) => job.request === head.job.request);
    const others = head.alone ? [] : fitting.filter((entry) => !own.includes(entry) && !entry.alone);
    const companions = [...own, ...others.slice(0, Math.max(0, most - 1 - own.length))];
    for (const entry of companions) this.#turns.remove(entry);
    return companions;
  }

  async #run(worker: Worker, entries: readonly Entry[]): Promise<void> {
    const { now } = this.#options;
    const start = now();
    for (const entry of entries) this.#begun.set(entry, start);
    const tasks = entries.map((entry) => ({
      ...{ job: entry.job, attempt: entry.attempt, addedAt: entry.addedAt, signal: entry.abort.signal },
      emit: (event: JobEvent) => this.#tell(entry, event),
    }));
    try {
      await worker.run(tasks);
      this.#pace.add(
        entries.reduce((sum, { cost }) => sum + cost, 0),
        now() - start,
      );
    } catch (error) {
      this.#failed(
        entries.filter((entry) => this.#isWanted(entry)),
        error,
      );
    } finally {
      for (const entry of entries) this.#begun.delete(entry);
      this.#free.add(worker);
      this.#startNext();
      this.#announce();
      if (this.#turns.length + this.#begun.size === 0) this.#turns.reset();
    }
  }

  /** Those whose images are neither finished nor left by all. */
  #failed(entries: readonly Entry[], error: unknown): void {
    const { problemOf, worthAnotherTry } = this.#options;
    const requests = new Set(entries.map(({ job }) => job.request));
    for (const entry of entries) {
      const again = worthAnotherTry(error) && entry.attempt < MOST_TRIES;
      if (again) entry.attempt++;
      if (!again && requests.size === 1) this.#tell(entry, { type: 'failed', problem: problemOf(error) });
      else {
        entry.alone = true;
        this.#turns.addFirst(entry);
      }
    }
  }

  #isWanted(entry: Entry): boolean {
    return this.#entries.get(entry.job.fingerprint) === entry;
  }

  #tell(entry: Entry, event: JobEvent): void {
    if (!this.#isWanted(entry)) return;
    entry.history.push(event);
    if (event.type === 'finished' || event.type === 'failed') this.#entries.delete(entry.job.fingerprint);
    for (const onEvent of [...entry.waiters.values()]) onEvent(event);
  }

  #announce(): void {
    for (const [entry, position] of this.#positions()) {
      if (!worthTelling(entry.position, position)) continue;
      entry.position = position;
      this.#tell(entry, { type: 'position', position });
    }
  }

  /** How many requests wait before each of those that wait. */
  #positions(): ReadonlyMap<Entry, number> {
    const places = new Map<string, number>();
    return new Map(
      this.#turns.items.map((entry) => {
        const { request } = entry.job;
        if (!places.has(request)) places.set(request, places.size);
        return [entry, places.get(request)!];
      }),
    );
  }
}

/** One that has the model loaded, else any. */
function chosen(free: ReadonlySet<Worker>, model: string): Worker {
  const [any] = free;
  return [...free].find((worker) => worker.loaded().includes(model)) ?? any!;
}
