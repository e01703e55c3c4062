import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/environment/clock.js';
import type { ProgressEvent } from '../../src/generation/types.js';
import { type ProgressLog, StaleWriter } from '../../src/stores/progress/progress-log.js';
import { openRedisProgressLog } from '../../src/stores/progress/redis-progress-log.js';
import { readRedisAddress } from '../../src/stores/redis/address.js';
import { RedisUnavailable } from '../../src/stores/redis/redis.js';
import { generationOf } from '../conformance/generation.js';
import { useRedis } from '../redis.js';

const redis = useRedis();
const a = generationOf({ id: 'a' });
const step = (sequence: number) =>
  ({ type: 'StepFinished', at: 1, sequence, image: 0, step: 1, totalSteps: 9, sigma: 0.5, preview: null }) as const;
const finish = (sequence: number) =>
  ({ type: 'GenerationFinished', at: 99, sequence, status: 'SUCCEEDED', problem: null, finished: [] }) as const;

/** The log as one process sees it. */
const open = (url: string, { heartbeatMs = 60_000, answerMs = 3000 } = {}): ProgressLog =>
  openRedisProgressLog({
    link: redis.link(url, answerMs),
    ...{ clock: systemClock, heartbeatMs, maxBytes: 1_000_000, keptBytes: 1_000_000 },
  });

/** Reads in the background; `told` grows. */
async function reading(log: ProgressLog, after = 0) {
  const told: ProgressEvent[] = [];
  const events = await log.read('a', after, new AbortController().signal);
  const done = (async () => {
    for await (const event of events!) told.push(event);
  })();
  return { told, done, sequences: () => told.map(({ sequence }) => sequence) };
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('the progress log in Redis', () => {
  it('is read in every process, and continued by another writer whose numbers are higher', async () => {
    const url = redis.newUrl();
    const [owner, successor, other] = [open(url), open(url), open(url)];
    for (const n of [1, 2]) await owner.append(a, step(n));
    const readers = await Promise.all([owner, successor, other].map((log) => reading(log)));
    await successor.append(a, step(1_000_001));
    await expect(owner.append(a, step(3))).rejects.toBeInstanceOf(StaleWriter);
    await successor.append(a, finish(1_000_002));
    await Promise.all(readers.map(({ done }) => done));
    for (const { sequences } of readers) expect(sequences()).toEqual([1, 2, 1_000_001, 1_000_002]);
  });

  it('loses no event and no order when Redis is killed and comes back', async () => {
    const url = redis.newUrl();
    const [writer, reader] = [open(url), open(url)];
    await writer.append(a, step(1));
    const { sequences, done } = await reading(reader);
    await vi.waitFor(() => expect(sequences()).toEqual([1]));
    // What was acknowledged within the last second may be lost by a power cut, not by the death of the process.
    redis.service.signal('SIGKILL');
    const written = numbers(2, 50).map((n) => writer.append(a, step(n)));
    await sleep(100);
    await redis.service.start();
    await Promise.all(written);
    await writer.append(a, finish(51));
    await done;
    expect(sequences()).toEqual(numbers(1, 51));
  });

  it('reads from the store what was published while a reader’s connection was lost', async () => {
    const url = redis.newUrl();
    const [writer, reader] = [open(url), open(url)];
    const admin = new Redis(redis.service.url);
    await writer.append(a, step(1));
    const { sequences, done } = await reading(reader);
    for (let n = 2; n <= 200; n++) {
      if (n % 40 === 0) await admin.client('KILL', 'TYPE', 'pubsub');
      await writer.append(a, step(n));
    }
    await writer.append(a, finish(201));
    await done;
    expect(sequences()).toEqual(numbers(1, 201));
    admin.disconnect();
  });

  it('tells a reader for whom the end was published in vain, at the next heartbeat', async () => {
    const url = redis.newUrl();
    const writer = open(url);
    await writer.append(a, step(1));
    const { sequences, done } = await reading(open(url, { heartbeatMs: 50 }));
    await vi.waitFor(() => expect(sequences()).toContain(1));
    const admin = new Redis(redis.service.url);
    const { prefix } = readRedisAddress(url);
    // As if the append were done and its publication had reached nobody.
    const events = `${prefix}:log:events:a`;
    await admin.xadd(events, '0-2', 'event', JSON.stringify(finish(2)), 'before', '1');
    await admin.hset(`${prefix}:log:record:a`, 'last', '2', 'ended', '1');
    await done;
    expect(sequences().at(-1)).toBe(2);
    admin.disconnect();
  });

  it('tells a snapshot in place of events that had to make room', async () => {
    const url = redis.newUrl();
    const log = open(url);
    for (let n = 1; n <= 9; n++) await log.append(generationOf({ id: 'a', step: n }), step(n));
    const admin = new Redis(redis.service.url);
    await admin.xtrim(`${readRedisAddress(url).prefix}:log:events:a`, 'MAXLEN', 3);
    await log.append(generationOf({ id: 'a', step: 9, status: 'SUCCEEDED' }), finish(10));
    const [late, later] = await Promise.all([reading(log, 2), reading(log, 7)]);
    await Promise.all([late.done, later.done]);
    expect(late.told.map(({ type, sequence }) => [type, sequence])).toEqual([
      ['Heartbeat', 6],
      ...[7, 8, 9].map((n) => ['StepFinished', n]),
      ['GenerationFinished', 10],
    ]);
    expect(late.told[0]!.generation).toMatchObject({ step: 9, prompt: a.prompt });
    expect(later.sequences()).toEqual([8, 9, 10]);
    admin.disconnect();
  });

  it('gives a slow reader everything, however much is published meanwhile', async () => {
    const url = redis.newUrl();
    const log = open(url);
    await log.append(a, step(1));
    const events = (await log.read('a', 0, new AbortController().signal))![Symbol.asyncIterator]();
    const told = [(await events.next()).value.sequence];
    for (let n = 2; n <= 500; n++) await log.append(a, step(n));
    await log.append(a, finish(501));
    for (let next = await events.next(); !next.done; next = await events.next()) told.push(next.value.sequence);
    expect(told).toEqual(numbers(1, 501));
  });

  it('says so when Redis does not answer', async () => {
    const log = open(redis.newUrl(), { answerMs: 50 });
    await log.append(a, step(1));
    redis.service.signal('SIGSTOP');
    try {
      await expect(log.read('a', 0, new AbortController().signal)).rejects.toBeInstanceOf(RedisUnavailable);
      await expect(log.states(['a'])).rejects.toBeInstanceOf(RedisUnavailable);
    } finally {
      redis.service.signal('SIGCONT');
    }
  });

  it('uses two connections, however many read', async () => {
    const url = redis.newUrl();
    const admin = new Redis(redis.service.url);
    const clients = async () => ((await admin.client('LIST')) as string).trim().split('\n').length;
    await once(admin, 'ready');
    const before = await clients();
    const log = open(url);
    for (let i = 0; i < 20; i++) await log.append(generationOf({ id: `${i}` }), step(1));
    const stop = new AbortController();
    for (let i = 0; i < 20; i++) void (await log.read(`${i}`, 0, stop.signal))![Symbol.asyncIterator]().next();
    await vi.waitFor(async () => expect(await clients()).toBe(before + 2));
    stop.abort();
    admin.disconnect();
  });
});
