import type { ProblemRecord } from '../../domain/problem.js';
import type { RedisLink } from '../../stores/redis/redis.js';
import type { Worker } from '../queue.js';
import { openBull } from './bull.js';
import { SCOPE } from './scope.js';
import { Slot } from './slot.js';

export interface BullmqWorkerOptions {
  readonly link: RedisLink;
  readonly workers: readonly Worker[];
  /** A worker that shows no sign of life for so long has lost its jobs. */
  readonly lockMs: number;
  /** Between two looks for jobs that were lost. */
  readonly stalledMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A failure as the waiters' generations store it. */
  readonly problemOf: (error: unknown) => ProblemRecord;
  /** Whether another try may end well although nothing else changes. */
  readonly worthAnotherTry: (error: unknown) => boolean;
  readonly report: (error: unknown, what: string) => void;
}

export interface RunningWorker {
  /** Images that it makes now. */
  running(): number;
  /** Takes no more jobs, waits that long for those that run, and gives back what is left. */
  close(graceMs: number): Promise<void>;
}

/** Takes jobs from the queue for each of the workers, one call at a time. Resolves when the queue knows them. */
export async function startBullmqWorker(options: BullmqWorkerOptions): Promise<RunningWorker> {
  const { link, workers, report } = options;
  const bull = openBull(link, (error) => report(error, 'BullMQ'));
  const slots = workers.map((worker) => new Slot(worker, bull, options));
  const stop = await link.channels.listen(`${SCOPE}:stop`, {
    onMessage: (run) => {
      for (const slot of slots) slot.stop(run);
    },
  });
  await Promise.all(slots.map((slot) => slot.open()));
  return {
    running: () => slots.reduce((sum, { held }) => sum + held, 0),
    async close(graceMs) {
      await Promise.all(slots.map((slot) => slot.close(graceMs)));
      stop();
      await link.answered(bull.close()).catch(() => {});
    },
  };
}
