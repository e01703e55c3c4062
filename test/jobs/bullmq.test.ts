import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it } from 'vitest';
import { NonFinite } from '../../src/engine/problems.js';
import { SCOPE } from '../../src/jobs/bullmq/scope.js';
import { readRedisAddress } from '../../src/stores/redis/address.js';
import { join, settled, soon } from '../conformance/waiting.js';
import { useRedis } from '../redis.js';
import { HeldWorker } from './held-worker.js';
import { jobOf } from './job-of.js';
import { useSharedQueues } from './shared-queue.js';

const redis = useRedis();
const processes = useSharedQueues(redis);

const step = (n: number, preview: string | null = null) =>
  ({ type: 'step', at: n, step: n, totalSteps: 9, sigma: 0.5, preview }) as const;

/** Redis as its operator sees it, with the names of one queue's keys. */
function operator(url: string) {
  const admin = new Redis(redis.service.url);
  const key = (...parts: string[]) => `${readRedisAddress(url).prefix}:${SCOPE}:${parts.join(':')}`;
  return { admin, key, done: () => admin.disconnect() };
}

async function fresh(options: Parameters<typeof processes.api>[1] = {}) {
  const url = redis.newUrl();
  const worker = new HeldWorker();
  await processes.work(url, [worker]);
  const queue = processes.api(url, options);
  const running = (...names: string[]) => soon(() => expect(worker.running).toEqual(names));
  return { url, worker, queue, running };
}

describe('a queue that processes share', () => {
  it('makes once what they wait for, and tells each of them everything', async () => {
    const { url, worker, queue, running } = await fresh();
    const other = processes.api(url);
    const one = await join(queue, 'a');
    await running('a');
    worker.tell('a', step(1));
    const two = await join(other, 'a');
    for (let n = 2; n <= 9; n++) worker.tell('a', step(n));
    worker.finish('a');
    await soon(() => expect(one.events()).toHaveLength(10));
    await soon(() => expect(two.events()).toEqual(one.events()));
    expect(two.joined.outcome).toBe('SHARED');
  });

  it('serves callers in turn by their weights', async () => {
    const { worker, queue, running } = await fresh({ weightOf: ({ caller }) => (caller === 'b' ? 2 : 1) });
    await join(queue, 'a1', { caller: 'a', model: 'a1' });
    await running('a1');
    for (const name of ['a2', 'a3', 'a4', 'b1', 'b2', 'b3', 'b4'])
      await join(queue, name, { caller: name[0]!, model: name });
    for (const name of ['a1', 'b1', 'b2', 'a2', 'b3', 'b4', 'a3', 'a4']) {
      await running(name);
      worker.finish(name);
    }
  });

  it('keeps the order when virtual time begins anew', async () => {
    const { url, worker, queue, running } = await fresh();
    const { admin, key, done } = operator(url);
    await join(queue, 'first', { model: 'first' });
    await running('first');
    await admin.hset(key('fair'), 'now', String(2 ** 20 + 5), 'end:a', String(2 ** 20 + 7));
    for (const name of ['a1', 'b1', 'a2', 'b2']) await join(queue, name, { caller: name[0]!, model: name });
    expect(Number(await admin.hget(key('fair'), 'now'))).toBe(0);
    for (const name of ['first', 'b1', 'b2', 'a1', 'a2']) {
      await running(name);
      worker.finish(name);
    }
    await soon(async () => expect(await admin.exists(key('fair'))).toBe(0));
    done();
  });

  it('stops what only a lost process waited for, when its lease has run out', async () => {
    const { url, running } = await fresh();
    const link = redis.link(url);
    const { openBullmqQueue } = await import('../../src/jobs/bullmq/bullmq-queue.js');
    const lost = openBullmqQueue({ link, limit: 10, waiterLeaseMs: 200, report() {} });
    await join(lost, 'a');
    await running('a');
    // As its death would.
    link.close();
    const other = processes.api(url, { waiterLeaseMs: 200 });
    await join(other, 'b');
    await running('b');
    await lost.close();
  });

  it('adds a job again that Redis has lost', async () => {
    const { url, worker, queue, running } = await fresh({ waiterLeaseMs: 300 });
    const { admin, key, done } = operator(url);
    const { events } = await join(queue, 'a');
    await running('a');
    const keys = await admin.keys(`${key()}*`);
    await admin.del(...keys.filter((name) => !name.endsWith('slots')));
    worker.tell('a', step(1));
    await soon(() => expect(worker.seen).toHaveLength(2));
    worker.finish('a');
    await soon(() => expect(events().at(-1)).toMatchObject({ type: 'finished' }));
    done();
  });

  it('tells everything although what is published is not heard', async () => {
    const { url, worker, queue, running } = await fresh({ waiterLeaseMs: 500 });
    const { admin, done } = operator(url);
    const { events } = await join(queue, 'a');
    await running('a');
    for (let n = 1; n <= 60; n++) {
      if (n % 15 === 0) await admin.client('KILL', 'TYPE', 'pubsub');
      worker.tell('a', step(n));
      await sleep(1);
    }
    worker.finish('a');
    await soon(() => expect(events()).toHaveLength(61));
    expect(events().flatMap((event) => (event.type === 'step' ? event.step : []))).toEqual(
      Array.from({ length: 60 }, (_, i) => i + 1),
    );
    done();
  });

  it('keeps the latest preview for those who come late, and no other', async () => {
    const { url, worker, queue, running } = await fresh();
    const { events } = await join(queue, 'a');
    await running('a');
    for (const n of [1, 2, 3]) worker.tell('a', step(n, `data:${n}`));
    await soon(() => expect(events()).toHaveLength(3));
    const late = await join(processes.api(url), 'a');
    const here = await join(queue, 'a');
    for (const { joined } of [late, here])
      expect(joined.history.flatMap((event) => (event.type === 'step' ? [event.preview] : []))).toEqual([
        null,
        null,
        'data:3',
      ]);
  });

  it('refuses at once while Redis does not answer, and keeps nothing of what it refused', async () => {
    const { queue, worker } = await fresh({ answerMs: 100 });
    redis.service.signal('SIGSTOP');
    try {
      await expect(join(queue, 'a')).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE', retryable: true });
      await expect(queue.capacity([jobOf('a')])).rejects.toMatchObject({ code: 'QUEUE_UNAVAILABLE' });
    } finally {
      redis.service.signal('SIGCONT');
    }
    await soon(async () => expect(await queue.depth()).toEqual({ waiting: 0, running: 0 }));
    await settled();
    expect(worker.running).toEqual([]);
  });

  it('makes nothing again that would fail again', async () => {
    const { worker, queue, running } = await fresh();
    const { events } = await join(queue, 'a');
    await running('a');
    worker.fail(new NonFinite('An infinity came out at step 3.', 3));
    await soon(() => expect(events()).toMatchObject([{ type: 'failed', problem: { code: 'NonFinite', step: 3 } }]));
    await settled();
    expect(worker.seen).toHaveLength(1);
  });

  it('counts jobs by model and state, for metrics and what starts workers', async () => {
    const { queue, running } = await fresh();
    await join(queue, 'a');
    await running('a');
    for (const name of ['b', 'c']) await join(queue, name, { model: 'y' });
    const { counts, models, oldestMs } = await queue.metrics();
    expect(counts).toEqual({ waiting: 0, prioritized: 2, active: 1 });
    expect(models).toEqual({ x: { waiting: 0, running: 1 }, y: { waiting: 2, running: 0 } });
    expect(oldestMs).toBeGreaterThanOrEqual(0);
  });
});
