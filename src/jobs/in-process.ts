import { type Dispatcher, type Job, QueueIsFull, type Slot, type SubmitOptions } from './dispatcher.js';
import { JobDuration } from './job-duration.js';

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

/** First come, first served; of several free slots the one that has the job's model loaded. */
export function createInProcessDispatcher<R, E>({ slots, queueLimit, now }: InProcessOptions<R, E>): Dispatcher<R, E> {
  const free = new Set(slots);
  const queue: Waiting<R, E>[] = [];
  const duration = new JobDuration();

  /** A place is free when those before have gone: everyone in line, and one of those that run. */
  const retryAfterMs = () => Math.max(250, Math.round((duration.averageMs * (queue.length + 1)) / slots.length));

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
    options.onStart();
    try {
      const result = await slot.run(job, { signal: options.signal, onEvent: options.onEvent });
      duration.add(now() - start);
      return result;
    } finally {
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
