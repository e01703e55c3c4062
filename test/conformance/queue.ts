import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Job, JobEvent } from '../../src/domain/job.js';
import { type Queue, QueueIsFull } from '../../src/jobs/queue.js';
import { HeldWorker } from '../jobs/held-worker.js';
import { type JobChanges, jobOf } from '../jobs/job-of.js';

export interface QueueSetup {
  readonly workers: readonly HeldWorker[];
  /** Requests that may wait. */
  readonly limit: number;
}

/** What every queue does, wherever it is. */
export function queueConformance(name: string, create: (setup: QueueSetup) => Promise<Queue>): void {
  describe(`${name} is a queue that`, () => {
    it('gives jobs to a worker in the order they came, and passes on what happens to them', async () => {
      const worker = new HeldWorker();
      const queue = await create({ workers: [worker], limit: 10 });
      const first = await join(queue, 'a');
      const second = await join(queue, 'b', { model: 'other' });
      await settled();
      expect(worker.running).toEqual(['a']);
      worker.tell('a', stage);
      worker.finish('a');
      await settled();
      expect(first.events()).toMatchObject([stage, { type: 'finished', image: { fingerprint: 'a' } }]);
      expect(worker.running).toEqual(['b']);
      worker.finish('b');
      await settled();
      expect(second.events().at(-1)).toMatchObject({ type: 'finished', image: { fingerprint: 'b' } });
    });

    it('makes what several wait for once, and tells a late one what was told before', async () => {
      const worker = new HeldWorker();
      const queue = await create({ workers: [worker], limit: 10 });
      const first = await join(queue, 'a');
      await settled();
      worker.tell('a', stage);
      await settled();
      const second = await join(queue, 'a');
      worker.finish('a');
      await settled();
      expect([first.joined.outcome, second.joined.outcome]).toEqual(['MISS', 'SHARED']);
      expect(second.events()).toEqual(first.events());
      expect(worker.seen).toHaveLength(1);
    });

    it('makes it anew for one that comes after it has ended', async () => {
      const worker = new HeldWorker();
      const queue = await create({ workers: [worker], limit: 10 });
      await join(queue, 'a');
      await settled();
      worker.finish('a');
      await settled();
      expect((await join(queue, 'a')).joined).toEqual({ outcome: 'MISS', history: [] });
    });

    it('stops a running job when the last of its waiters leaves, and goes on with the next', async () => {
      const worker = new HeldWorker();
      const queue = await create({ workers: [worker], limit: 10 });
      const [one, two] = [await join(queue, 'a'), await join(queue, 'a')];
      await join(queue, 'b');
      await settled();
      await queue.leave(one.id);
      await settled();
      expect(worker.running).toEqual(['a']);
      await queue.leave(two.id);
      await settled();
      expect(worker.running).toEqual(['b']);
      expect(one.events()).toEqual([]);
    });

    it('takes a waiting job out when the last of its waiters leaves', async () => {
      const worker = new HeldWorker();
      const queue = await create({ workers: [worker], limit: 10 });
      await join(queue, 'a');
      const { id } = await join(queue, 'b');
      await queue.leave(id);
      worker.finish('a');
      await settled();
      expect(worker.seen.map(({ job }) => job.fingerprint)).toEqual(['a']);
      expect(await queue.depth()).toEqual({ waiting: 0, running: 0 });
    });

    it('tells those who wait how many requests are before them, and every change', async () => {
      const worker = new HeldWorker();
      const queue = await create({ workers: [worker], limit: 10 });
      const all = [];
      for (const name of ['a', 'b', 'c', 'd']) all.push(await join(queue, name, { model: name }));
      await settled();
      expect(await Promise.all(['a', 'b', 'd'].map((name) => queue.position(name)))).toEqual([null, 0, 2]);
      await queue.leave(all[1]!.id);
      worker.finish('a');
      await settled();
      const positions = all.map(({ all }) =>
        all().flatMap((event) => (event.type === 'position' ? event.position : [])),
      );
      expect(positions).toEqual([[], [0], [1, 0], [2, 1, 0]]);
    });

    it('refuses a request that has no place at once, whole, with a time after which to try again', async () => {
      const queue = await create({ workers: [new HeldWorker()], limit: 1 });
      await join(queue, 'a');
      await join(queue, 'b');
      const jobs = ['b', 'c', 'd'].map((name) => jobOf(name, { request: 'more' }));
      const refusal = await queue.add(jobs, { id: 'more', onEvent() {} }).catch((error) => error);
      expect(refusal).toBeInstanceOf(QueueIsFull);
      expect(refusal.retryAfterMs).toBeGreaterThan(0);
      await expect(queue.capacity(jobs)).rejects.toBeInstanceOf(QueueIsFull);
      await queue.capacity([jobOf('b')]);
      expect(await queue.depth()).toEqual({ waiting: 1, running: 1 });
    });

    it('takes what was accepted before, however many wait', async () => {
      const queue = await create({ workers: [new HeldWorker()], limit: 0 });
      await join(queue, 'a');
      await join(queue, 'b', {}, { force: true });
      expect(await queue.depth()).toEqual({ waiting: 1, running: 1 });
    });

    it('has one place for all images of a request', async () => {
      const queue = await create({ workers: [new HeldWorker()], limit: 1 });
      await join(queue, 'a');
      const jobs = ['b', 'c', 'd'].map((name) => jobOf(name, { request: 'three' }));
      await queue.add(jobs, { id: 'three', onEvent() {} });
      expect(await queue.position('d')).toBe(0);
    });

    it('serves callers in turn, and always has a place for one who has none', async () => {
      const worker = new HeldWorker();
      const queue = await create({ workers: [worker], limit: 3 });
      for (const name of ['a', 'b', 'c', 'd']) await join(queue, name, { caller: 'greedy', model: name });
      await expect(join(queue, 'e', { caller: 'greedy' })).rejects.toBeInstanceOf(QueueIsFull);
      await join(queue, 'f', { caller: 'modest', model: 'f' });
      await settled();
      for (const name of ['a', 'f', 'b']) {
        expect(worker.running).toEqual([name]);
        worker.finish(name);
        await settled();
      }
    });

    it('puts jobs that fit together into one forward, of one request or of several', async () => {
      const worker = new HeldWorker({ batch: 4 });
      const queue = await create({ workers: [worker], limit: 10 });
      await join(queue, 'first', { steps: 9 });
      const three = ['a', 'b', 'c'].map((name) => jobOf(name, { request: 'three' }));
      await queue.add(three, { id: 'three', onEvent() {} });
      await join(queue, 'other size', { width: 128 });
      for (const name of ['d', 'e']) await join(queue, name, { prompt: name });
      worker.finish('first');
      await settled();
      expect(worker.running).toEqual(['a', 'b', 'c', 'd']);
      for (const name of ['a', 'b', 'c', 'd']) worker.finish(name);
      await settled();
      expect(worker.running).toEqual(['other size']);
      worker.finish('other size');
      await settled();
      expect(worker.running).toEqual(['e']);
    });

    it('tries again what its worker lost, before all others and at most twice', async () => {
      const worker = new HeldWorker();
      const queue = await create({ workers: [worker], limit: 10 });
      const { events } = await join(queue, 'a');
      await join(queue, 'b', { model: 'b' });
      for (let attempt = 1; attempt <= 3; attempt++) {
        await settled();
        expect(worker.seen.at(-1)).toMatchObject({ job: { fingerprint: 'a' }, attempt });
        expect(events()).toEqual([]);
        worker.lose();
      }
      await settled();
      expect(events()).toMatchObject([{ type: 'failed', problem: { code: 'EngineLost' } }]);
      expect(worker.running).toEqual(['b']);
    });

    it('lets no request fail for another in its forward', async () => {
      const worker = new HeldWorker({ batch: 4 });
      const queue = await create({ workers: [worker], limit: 10 });
      await join(queue, 'first', { steps: 9 });
      const [bad, good] = [await join(queue, 'a'), await join(queue, 'b')];
      worker.finish('first');
      await settled();
      expect(worker.running).toEqual(['a', 'b']);
      worker.fail();
      await settled();
      expect(worker.running).toEqual(['a']);
      worker.fail();
      await settled();
      expect(bad.events()).toMatchObject([{ type: 'failed', problem: { code: 'Failed' } }]);
      worker.finish('b');
      await settled();
      expect(good.events()).toMatchObject([{ type: 'finished' }]);
    });

    it('gives a job to a free worker that has its model loaded', async () => {
      const workers = [new HeldWorker({ models: ['x'] }), new HeldWorker({ models: ['y'] })];
      const queue = await create({ workers, limit: 10 });
      await join(queue, 'a', { model: 'y' });
      await join(queue, 'b', { model: 'y' });
      await settled();
      expect(workers.map(({ running }) => running)).toEqual([['b'], ['a']]);
    });

    it('carries jobs that are plain JSON', async () => {
      const worker = new HeldWorker();
      const queue = await create({ workers: [worker], limit: 10 });
      await join(queue, 'a');
      await settled();
      expect(worker.seen[0]!.job).toEqual(JSON.parse(JSON.stringify(worker.seen[0]!.job)));
    });

    it('is idle when nothing runs any more', async () => {
      const worker = new HeldWorker();
      const queue = await create({ workers: [worker], limit: 10 });
      await queue.idle();
      const { id } = await join(queue, 'a');
      await settled();
      const idle = queue.idle();
      await queue.leave(id);
      await idle;
      expect(await queue.depth()).toEqual({ waiting: 0, running: 0 });
    });
  });
}

const stage = { type: 'stage-started', stage: 'DENOISE', at: 1, key: 'k' } as const;

/** For implementations that hand jobs over in another turn, or through another program. */
const settled = () => sleep(5);

let waiters = 0;

/** A waiter of its own for one image. `events` leaves positions out. */
async function join(queue: Queue, name: string, changes: JobChanges = {}, options: { force?: boolean } = {}) {
  const id = `waiter ${waiters++}`;
  const heard: JobEvent[] = [];
  const job: Job = jobOf(name, { request: id, ...changes });
  const [joined] = await queue.add([job], { id, onEvent: (_, event) => heard.push(event) }, options);
  const all = () => [...joined!.history, ...heard];
  return { id, joined: joined!, all, events: () => all().filter(({ type }) => type !== 'position') };
}
