import { describe, expect, it } from 'vitest';
import { QueueFull } from '../../src/domain/problems.js';
import type { Queue } from '../../src/jobs/queue.js';
import { HeldWorker } from '../jobs/held-worker.js';
import { jobOf } from '../jobs/job-of.js';
import { join, settled, soon, stage } from './waiting.js';

export interface QueueSetup {
  readonly workers: readonly HeldWorker[];
  /** Requests that may wait. */
  readonly limit: number;
}

/** What every queue does, wherever it is. */
export function queueConformance(name: string, create: (setup: QueueSetup) => Promise<Queue>): void {
  async function fresh({ limit = 10, batch = 1 } = {}) {
    const worker = new HeldWorker({ batch });
    const queue = await create({ workers: [worker], limit });
    const running = (...names: string[]) => soon(() => expect(worker.running).toEqual(names));
    return { worker, queue, running };
  }

  describe(`${name} is a queue that`, () => {
    it('gives jobs to a worker in the order they came, and passes on what happens to them', async () => {
      const { worker, queue, running } = await fresh();
      const first = await join(queue, 'a');
      const second = await join(queue, 'b', { model: 'other' });
      await running('a');
      worker.tell('a', stage);
      worker.finish('a');
      await soon(() =>
        expect(first.events()).toMatchObject([stage, { type: 'finished', image: { fingerprint: 'a' } }]),
      );
      await running('b');
      worker.finish('b');
      await soon(() => expect(second.events()).toMatchObject([{ type: 'finished', image: { fingerprint: 'b' } }]));
    });

    it('has nothing to do for a waiter whose images are all there', async () => {
      const { queue } = await fresh();
      expect(await queue.add([], { id: 'w', onEvent: () => {} })).toEqual([]);
      await queue.leave('w');
      expect(await queue.depth()).toEqual({ waiting: 0, running: 0 });
    });

    it('makes what several wait for once, and tells a late one what was told before', async () => {
      const { worker, queue, running } = await fresh();
      const first = await join(queue, 'a');
      await running('a');
      worker.tell('a', stage);
      await soon(() => expect(first.events()).toHaveLength(1));
      const second = await join(queue, 'a');
      worker.finish('a');
      expect([first.joined.outcome, second.joined.outcome]).toEqual(['MISS', 'SHARED']);
      await soon(() => expect(first.events()).toHaveLength(2));
      await soon(() => expect(second.events()).toEqual(first.events()));
      expect(worker.seen).toHaveLength(1);
    });

    it('makes it anew for one that comes after it has ended', async () => {
      const { worker, queue, running } = await fresh();
      const { events } = await join(queue, 'a');
      await running('a');
      worker.finish('a');
      await soon(() => expect(events()).toHaveLength(1));
      const anew = await join(queue, 'a');
      expect([anew.joined.outcome, anew.events()]).toEqual(['MISS', []]);
      await running('a');
    });

    it('stops a running job when the last of its waiters leaves, and goes on with the next', async () => {
      const { worker, queue, running } = await fresh();
      const [one, two] = [await join(queue, 'a'), await join(queue, 'a')];
      await join(queue, 'b');
      await running('a');
      await queue.leave(one.id);
      await settled();
      expect(worker.running).toEqual(['a']);
      await queue.leave(two.id);
      await running('b');
      expect([...one.events(), ...two.events()]).toEqual([]);
    });

    it('makes it anew for one that comes while a stopped job has not ended', async () => {
      const { queue, running } = await fresh();
      const { id } = await join(queue, 'a');
      await running('a');
      await queue.leave(id);
      expect((await join(queue, 'a')).joined.outcome).toBe('MISS');
      await running('a');
    });

    it('takes a waiting job out when the last of its waiters leaves', async () => {
      const { worker, queue, running } = await fresh();
      await join(queue, 'a');
      await running('a');
      const { id } = await join(queue, 'b');
      await queue.leave(id);
      worker.finish('a');
      await soon(async () => expect(await queue.depth()).toEqual({ waiting: 0, running: 0 }));
      await settled();
      expect(worker.seen.map(({ job }) => job.fingerprint)).toEqual(['a']);
    });

    it('tells those who wait how many requests are before them, and every change', async () => {
      const { worker, queue, running } = await fresh();
      const all: Awaited<ReturnType<typeof join>>[] = [];
      for (const name of ['a', 'b', 'c', 'd']) all.push(await join(queue, name, { model: name }));
      const latest = () => all.slice(1).map(({ positions }) => positions().at(-1));
      await running('a');
      await soon(() => expect(latest()).toEqual([0, 1, 2]));
      expect(await Promise.all(['a', 'b', 'd'].map((name) => queue.position(name)))).toEqual([null, 0, 2]);
      await queue.leave(all[1]!.id);
      await soon(() => expect(latest()).toEqual([0, 0, 1]));
      worker.finish('a');
      await soon(() => expect(latest()).toEqual([0, 0, 0]));
      // Each number once, and none that goes up.
      for (const { positions } of all) expect(positions()).toEqual([...new Set(positions())].sort((a, b) => b - a));
    });

    it('refuses a request that has no place at once, whole, with a time after which to try again', async () => {
      const { queue, running } = await fresh({ limit: 1 });
      await join(queue, 'a');
      await running('a');
      await join(queue, 'b');
      const jobs = ['b', 'c', 'd'].map((name) => jobOf(name, { request: 'more' }));
      const refusal = await queue.add(jobs, { id: 'more', onEvent() {} }).catch((error) => error);
      expect(refusal).toBeInstanceOf(QueueFull);
      expect(refusal.retryAfterMs).toBeGreaterThan(0);
      await expect(queue.capacity(jobs)).rejects.toBeInstanceOf(QueueFull);
      await queue.capacity([jobOf('b')]);
      expect(await queue.depth()).toEqual({ waiting: 1, running: 1 });
    });

    it('takes what was accepted before, however many wait', async () => {
      const { queue, running } = await fresh({ limit: 0 });
      await join(queue, 'a');
      await running('a');
      await expect(join(queue, 'b')).rejects.toBeInstanceOf(QueueFull);
      await join(queue, 'b', {}, { force: true });
      expect(await queue.depth()).toEqual({ waiting: 1, running: 1 });
    });

    it('has one place for all images of a request', async () => {
      const { queue, running } = await fresh({ limit: 1 });
      await join(queue, 'a');
      await running('a');
      const jobs = ['b', 'c', 'd'].map((name) => jobOf(name, { request: 'three' }));
      await queue.add(jobs, { id: 'three', onEvent() {} });
      expect(await queue.position('d')).toBe(0);
    });

    it('serves callers in turn, and always has a place for one who has none', async () => {
      const { worker, queue, running } = await fresh({ limit: 3 });
      for (const name of ['a', 'b', 'c', 'd']) {
        await join(queue, name, { caller: 'greedy', model: name });
        await running('a');
      }
      await expect(join(queue, 'e', { caller: 'greedy' })).rejects.toBeInstanceOf(QueueFull);
      await join(queue, 'f', { caller: 'modest', model: 'f' });
      for (const name of ['a', 'f', 'b']) {
        await running(name);
        worker.finish(name);
      }
    });

    it('puts jobs that fit together into one forward, of one request or of several', async () => {
      const { worker, queue, running } = await fresh({ batch: 4 });
      await join(queue, 'first', { steps: 9 });
      await running('first');
      const three = ['a', 'b', 'c'].map((name) => jobOf(name, { request: 'three' }));
      await queue.add(three, { id: 'three', onEvent() {} });
      await join(queue, 'other size', { width: 128 });
      for (const name of ['d', 'e']) await join(queue, name, { prompt: name });
      worker.finish('first');
      await running('a', 'b', 'c', 'd');
      for (const name of ['a', 'b', 'c', 'd']) worker.finish(name);
      await running('other size');
      worker.finish('other size');
      await running('e');
    });

    it('tries again what its worker lost, before all others and at most twice', async () => {
      const { worker, queue, running } = await fresh();
      const { events } = await join(queue, 'a');
      await join(queue, 'b', { model: 'b' });
      for (let attempt = 1; attempt <= 3; attempt++) {
        await soon(() => expect(worker.seen).toHaveLength(attempt));
        expect(worker.seen.at(-1)).toMatchObject({ job: { fingerprint: 'a' }, attempt });
        expect(events()).toEqual([]);
        worker.lose();
      }
      await soon(() => expect(events()).toMatchObject([{ type: 'failed', problem: { code: 'EngineLost' } }]));
      await running('b');
    });

    it('lets no request fail for another in its forward', async () => {
      const { worker, queue, running } = await fresh({ batch: 4 });
      await join(queue, 'first', { steps: 9 });
      await running('first');
      const [bad, good] = [await join(queue, 'a'), await join(queue, 'b')];
      worker.finish('first');
      await running('a', 'b');
      worker.fail();
      await running('a');
      worker.fail();
      await soon(() => expect(bad.events()).toMatchObject([{ type: 'failed', problem: { code: 'Failed' } }]));
      await running('b');
      worker.finish('b');
      await soon(() => expect(good.events()).toMatchObject([{ type: 'finished' }]));
    });

    it('carries jobs that are plain JSON', async () => {
      const { worker, queue, running } = await fresh();
      await join(queue, 'a');
      await running('a');
      expect(worker.seen[0]!.job).toEqual(JSON.parse(JSON.stringify(worker.seen[0]!.job)));
    });

    it('is idle when nothing runs any more', async () => {
      const { queue, running } = await fresh();
      await queue.idle();
      const { id } = await join(queue, 'a');
      await running('a');
      const idle = queue.idle();
      await queue.leave(id);
      await idle;
      await soon(async () => expect(await queue.depth()).toEqual({ waiting: 0, running: 0 }));
    });
  });
}
