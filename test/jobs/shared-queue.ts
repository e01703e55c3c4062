import { afterEach } from 'vitest';
import { EngineLost } from '../../src/engine/problems.js';
import { toProblemRecord } from '../../src/generation/problem-record.js';
import { openBullmqQueue, type SharedQueue } from '../../src/jobs/bullmq/bullmq-queue.js';
import { type RunningWorker, startBullmqWorker } from '../../src/jobs/bullmq/bullmq-worker.js';
import type { Worker } from '../../src/jobs/queue.js';
import type { useRedis } from '../redis.js';

/** Processes that share one queue, each with connections of its own. */
export function useSharedQueues(redis: ReturnType<typeof useRedis>) {
  const open: (SharedQueue | RunningWorker)[] = [];
  const faults: unknown[] = [];
  const report = (error: unknown) => faults.push(error);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close(0)));
    faults.length = 0;
  });
  return {
    faults,
    api(
      url: string,
      { limit = 10, waiterLeaseMs = 10_000, answerMs = 3000, weightOf = (_: { caller: string }): number => 1 } = {},
    ) {
      const queue = openBullmqQueue({ link: redis.link(url, answerMs), limit, waiterLeaseMs, report, weightOf });
      open.push(queue);
      return queue;
    },
    async work(url: string, workers: readonly Worker[], { lockMs = 2000, stalledMs = 500 } = {}) {
      const running = await startBullmqWorker({
        ...{ link: redis.link(url), workers, lockMs, stalledMs, report, now: () => Date.now() },
        ...{ problemOf: toProblemRecord, worthAnotherTry: (error) => error instanceof EngineLost },
      });
      open.push(running);
      return running;
    },
  };
}
