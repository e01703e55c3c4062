import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { QueueIsFull, type Slot } from '../../src/jobs/dispatcher.js';
import { createInProcessDispatcher } from '../../src/jobs/in-process.js';

const work = {
  operation: 'GENERATE',
  model: 'x',
  prompt: '',
  negativePrompt: '',
  width: 64,
  height: 64,
  steps: 1,
  guidance: 0,
  seeds: [0],
  guidanceNormalization: 0,
  guidanceTruncation: 1,
  loras: [],
  previews: false,
} as const;

/** A queue whose time a test moves. */
function queue({ slots = 1, queueLimit = 2 } = {}) {
  let now = 0;
  const ends: (() => void)[] = [];
  const slot = (): Slot<string, never> => ({
    loaded: () => [],
    run: () => new Promise((resolve) => ends.push(() => resolve('done'))),
  });
  const dispatcher = createInProcessDispatcher({
    slots: Array.from({ length: slots }, slot),
    queueLimit,
    now: () => now,
  });
  const submit = (effort: number) =>
    dispatcher.submit(
      { id: '', tenant: '', work, effort, deadlineMs: 0, traceparent: null },
      { signal: new AbortController().signal, onPosition() {}, onStart() {}, onEvent() {} },
    );
  return {
    submit,
    pass(ms: number) {
      now += ms;
    },
    /** One job from its beginning to its end. */
    async done(effort: number, ms: number) {
      const job = submit(effort);
      now += ms;
      ends.pop()!();
      await job;
    },
    async refusal(): Promise<QueueIsFull> {
      await setImmediate();
      const refusal = await submit(1).catch((error) => error);
      expect(refusal).toBeInstanceOf(QueueIsFull);
      return refusal;
    },
  };
}

describe('a full queue says when to come back', () => {
  it('by the pixels and forwards that wait, at the pace of the jobs lately done', async () => {
    const { submit, done, refusal } = queue();
    await done(1000, 10_000);
    await done(1000, 5_000);
    // 0.8 · 10 ms + 0.2 · 5 ms for each: 9 ms.
    for (const effort of [100, 2000, 30]) submit(effort);
    const { retryAfterMs, message } = await refusal();
    expect(retryAfterMs).toBe((100 + 2000 + 30) * 9);
    expect(message).toBe('2 of at most 2 jobs are waiting. Try again in 20 s.');
  });

  it('later where the same number of jobs is larger', async () => {
    const retry = async (effort: number) => {
      const { submit, done, refusal } = queue();
      await done(100, 1000);
      for (let i = 0; i < 3; i++) submit(effort);
      return (await refusal()).retryAfterMs;
    };
    expect([await retry(100), await retry(2500)]).toEqual([3000, 75_000]);
  });

  it('less what the running job has already had, and sooner where several run at once', async () => {
    const { submit, done, refusal, pass } = queue({ slots: 2 });
    await done(100, 1000);
    for (const effort of [400, 300, 100, 200]) submit(effort);
    expect((await refusal()).retryAfterMs).toBe((4000 + 3000 + 1000 + 2000) / 2);
    pass(3500);
    expect((await refusal()).retryAfterMs).toBe((500 + 0 + 1000 + 2000) / 2);
  });

  it('never sooner than in a quarter of a second', async () => {
    const { submit, done, refusal } = queue({ queueLimit: 0 });
    await done(100, 1);
    submit(100);
    expect((await refusal()).retryAfterMs).toBe(250);
  });
});
