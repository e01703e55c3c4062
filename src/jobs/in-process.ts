import { type Dispatcher, type Job, QueueIsFull, type Slot, type SubmitOptions } from './dispatcher.js';
import { Pace } from './pace.js';

export interface InProcessOptions<R, E> {
  readonly slots: readonly Slot<R, E>[];
  /** Jobs that may wait. */
  readonly queueLimit: number;
  /** Milliseconds; measures how long jobs take. */
  readonly now: () => number;
}

interface Waiting<R, E> {
  readonly job: Job;
  readonly options: SubmitOptions<E>;
  readonly settle: { resolve(result: R | Promise<R>): void; reject(reason: unknown): void };
  /** What it was last told. */
  position: number;
  left: () => void;
}

/** Nobody is told to come back sooner. */
const SHORTEST_MS = 250;

/** First come, first served; of several free slots the one that has the job's model loaded. */
export function createInProcessDispatcher<R, E>({ slots, queueLimit, now }: InProcessOptions<R, E>): Dispatcher<R, E> {
  const free = new Set(slots);
  const queue: Waiting<R, E>[] = [];
  const running = new Map<Slot<R, E>, { readonly effort: number; readonly start: number }>();
  const pace = new Pace();

  /** What is left of the jobs that run, and all of those that wait. */
  const retryAfterMs = () => {
    const left = [...running.values()].map(({ effort, start }) => Math.max(0, pace.msFor(effort) - (now() - start)));
    const waiting = queue.map(({ job }) => pace.msFor(job.effort));
    const total = [...left, ...waiting].reduce((sum, ms) => sum + ms, 0);
    return Math.max(SHORTEST_MS, Math.round(total / slots.length));
  };

  const admit = (count: number) => {
    const waiting = Math.max(0, queue.length + count - free.size);
    if (waiting <= queueLimit) return;
    const after = retryAfterMs();
    throw new QueueIsFull(
      `${queue.length} of at most ${queueLimit} jobs are waiting. Try again in ${Math.ceil(after / 1000)} s.`,
      after,
    );
  };

  const startNext = () => {
    while (free.size > 0) {
      const next = queue.shift();
      if (next === undefined) return;
      const slot = chosen(free, next.job.work.model);
      free.delete(slot);
      next.options.signal.removeEventListener('abort', next.left);
      next.settle.resolve(work(slot, next));
    }
  };

  const work = async (slot: Slot<R, E>, { job, options }: Waiting<R, E>): Promise<R> => {
    const start = now();
    running.set(slot, { effort: job.effort, start });
    options.onStart();
    try {
      const result = await slot.run(job, { signal: options.signal, onEvent: options.onEvent });
      pace.add(job.effort, now() - start);
      return result;
    } finally {
      running.delete(slot);
      free.add(slot);
      startNext();
      announce();
    }
  };

  const announce = () => {
    for (const [position, waiting] of queue.entries()) {
      if (!worthTelling(waiting.position, position)) continue;
      waiting.position = position;
      waiting.options.onPosition(position);
    }
  };

  return {
    admit,
    waiting: () => queue.length,
    submit(job, options) {
      return new Promise<R>((resolve, reject) => {
        options.signal.throwIfAborted();
        admit(1);
        const waiting: Waiting<R, E> = { job, options, settle: { resolve, reject }, position: -1, left: () => {} };
        waiting.left = () => {
          queue.splice(queue.indexOf(waiting), 1);
          reject(options.signal.reason);
          announce();
        };
        options.signal.addEventListener('abort', waiting.left, { once: true });
        queue.push(waiting);
        startNext();
        announce();
      });
    },
  };
}

/** Every change near the head; further back only sizeable ones, so that a long queue is not told about at every move. */
function worthTelling(told: number, position: number): boolean {
  return told < 0 || told - position > (position < 32 ? 0 : position / 16);
}

function chosen<R, E>(free: ReadonlySet<Slot<R, E>>, model: string): Slot<R, E> {
  const slots = [...free];
  return slots.find((slot) => slot.loaded().includes(model)) ?? slots[0]!;
}
