import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
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

it('says when to come back from how long jobs have lately taken, how many wait and how many run at once', async () => {
  let now = 0;
  const ends: (() => void)[] = [];
  const slot: Slot<string, never> = {
    loaded: () => [],
    run: () => new Promise((resolve) => ends.push(() => resolve('done'))),
  };
  const dispatcher = createInProcessDispatcher({ slots: [slot], queueLimit: 1, now: () => now });
  const submit = () =>
    dispatcher.submit(
      { id: '', tenant: '', work, deadlineMs: 0, traceparent: null },
      { signal: new AbortController().signal, onPosition() {}, onStart() {}, onEvent() {} },
    );
  for (const took of [10_000, 5_000]) {
    const job = submit();
    now += took;
    ends.pop()!();
    await job;
  }
  submit();
  submit();
  await sleep(0);
  const refusal = await submit().catch((error) => error);
  expect(refusal).toBeInstanceOf(QueueIsFull);
  // (0.8 · 10 s + 0.2 · 5 s) for each of the one that waits and the new one.
  expect(refusal.retryAfterMs).toBe(18_000);
  expect(refusal.message).toBe('1 of at most 1 jobs are waiting. Try again in 18 s.');
});
