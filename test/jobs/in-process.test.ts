import { describe, expect, it } from 'vitest';
import { QueueFull } from '../../src/domain/problems.js';
import { toProblemRecord } from '../../src/generation/problem-record.js';
import { InProcessQueue } from '../../src/jobs/in-process.js';
import { HeldWorker } from './held-worker.js';
import { jobOf } from './job-of.js';

/** A queue whose time a test moves. Costs are counted in steps of one image. */
function queueOf({ workers = 1, limit = 2 } = {}) {
  let now = 0;
  let name = 0;
  const held = Array.from({ length: workers }, () => new HeldWorker());
  const queue = new InProcessQueue({
    ...{ workers: held, limit, now: () => now, problemOf: toProblemRecord, worthAnotherTry: () => false },
  });
  const add = async (steps: number) => {
    const id = `${name++}`;
    await queue.add([jobOf(id, { steps, model: id })], { id, onEvent() {} });
    return id;
  };
  return {
    add,
    pass(ms: number) {
      now += ms;
    },
    /** One job from its beginning to its end. */
    async done(steps: number, ms: number) {
      const id = await add(steps);
      now += ms;
      held.find(({ running }) => running.includes(id))!.finish(id);
      await queue.idle();
    },
    async refusal(): Promise<QueueFull> {
      const refusal = await add(1).catch((error) => error);
      expect(refusal).toBeInstanceOf(QueueFull);
      return refusal;
    },
  };
}

describe('a full queue says when to come back', () => {
  it('by the steps of pixels that wait, at the pace of the jobs lately done', async () => {
    const { add, done, refusal } = queueOf();
    await done(10, 10_000);
    await done(10, 5_000);
    // 0.8 · 1 s + 0.2 · 0.5 s for each: 0.9 s.
    for (const steps of [1, 20, 3]) await add(steps);
    const { retryAfterMs, message } = await refusal();
    expect(retryAfterMs).toBe((1 + 20 + 3) * 900);
    expect(message).toBe('2 of at most 2 requests are waiting. Try again in 22 s.');
  });

  it('less what the running job has already had, and sooner where several run at once', async () => {
    const { add, done, refusal, pass } = queueOf({ workers: 2 });
    await done(10, 1000);
    for (const steps of [40, 30, 10, 20]) await add(steps);
    expect((await refusal()).retryAfterMs).toBe((4000 + 3000 + 1000 + 2000) / 2);
    pass(3500);
    expect((await refusal()).retryAfterMs).toBe((500 + 0 + 1000 + 2000) / 2);
  });

  it('never sooner than in a quarter of a second', async () => {
    const { add, done, refusal } = queueOf({ limit: 0 });
    await done(10, 1);
    await add(10);
    expect((await refusal()).retryAfterMs).toBe(250);
  });
});

it('gives a job to a free worker that has its model loaded', async () => {
  const workers = [new HeldWorker({ models: ['x'] }), new HeldWorker({ models: ['y'] })];
  const options = { limit: 10, now: () => 0, problemOf: toProblemRecord, worthAnotherTry: () => false };
  const queue = new InProcessQueue({ workers, ...options });
  for (const id of ['a', 'b']) await queue.add([jobOf(id, { model: 'y' })], { id, onEvent() {} });
  expect(workers.map(({ running }) => running)).toEqual([['b'], ['a']]);
});
