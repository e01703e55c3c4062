import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Dispatcher, type Job, QueueIsFull, type Slot } from '../../src/jobs/dispatcher.js';

export interface DispatcherSetup {
  readonly slots: readonly Slot<string, string>[];
  readonly queueLimit: number;
}

/** What every dispatcher does, wherever its queue is. */
export function dispatcherConformance(
  name: string,
  create: (setup: DispatcherSetup) => Promise<Dispatcher<string, string>>,
): void {
  describe(`${name} is a dispatcher that`, () => {
    it('runs jobs one at a time in each slot, in the order they came, and passes on result and events', async () => {
      const slot = new HeldSlot();
      const dispatcher = await create({ slots: [slot], queueLimit: 10 });
      const events: string[] = [];
      const first = submit(dispatcher, 'a', { onEvent: (event) => events.push(event) });
      const second = submit(dispatcher, 'b');
      await settled();
      expect(slot.running).toEqual(['a']);
      expect(first.started()).toBe(true);
      expect(second.positions).toEqual([0]);
      slot.finish('a');
      expect(await first.result).toBe('done a');
      await settled();
      expect(slot.running).toEqual(['b']);
      expect(events).toEqual(['began a']);
      slot.finish('b');
      expect(await second.result).toBe('done b');
    });

    it('tells those who wait every change of their place', async () => {
      const slot = new HeldSlot();
      const dispatcher = await create({ slots: [slot], queueLimit: 10 });
      const all = ['a', 'b', 'c', 'd'].map((id) => submit(dispatcher, id));
      await settled();
      all[1]!.leave();
      await expect(all[1]!.result).rejects.toThrow('left');
      slot.finish('a');
      await settled();
      expect(all.map(({ positions }) => positions)).toEqual([[], [0], [1, 0], [2, 1, 0]]);
    });

    it('refuses at once what it has no place for, with a time after which to try again', async () => {
      const slot = new HeldSlot();
      const dispatcher = await create({ slots: [slot], queueLimit: 1 });
      submit(dispatcher, 'a');
      submit(dispatcher, 'b');
      await settled();
      const refusal = await submit(dispatcher, 'c').result.catch((error) => error);
      expect(refusal).toBeInstanceOf(QueueIsFull);
      expect(refusal.retryAfterMs).toBeGreaterThan(0);
      expect(dispatcher.waiting()).toBe(1);
    });

    it('admits as many as would be taken', async () => {
      const dispatcher = await create({ slots: [new HeldSlot(), new HeldSlot()], queueLimit: 1 });
      expect(() => dispatcher.admit(3)).not.toThrow();
      expect(() => dispatcher.admit(4)).toThrow(QueueIsFull);
    });

    it('gives a job to a free slot that has its model loaded', async () => {
      const slots = [new HeldSlot(['x']), new HeldSlot(['y'])];
      const dispatcher = await create({ slots, queueLimit: 10 });
      submit(dispatcher, 'a', { model: 'y' });
      submit(dispatcher, 'b', { model: 'y' });
      await settled();
      expect(slots.map(({ running }) => running)).toEqual([['b'], ['a']]);
    });

    it('stops a running job when its signal aborts, and goes on with the next', async () => {
      const slot = new HeldSlot();
      const dispatcher = await create({ slots: [slot], queueLimit: 10 });
      const first = submit(dispatcher, 'a');
      submit(dispatcher, 'b');
      await settled();
      first.leave();
      await expect(first.result).rejects.toThrow('left');
      await settled();
      expect(slot.running).toEqual(['b']);
    });

    it('fails a job that fails, and goes on with the next', async () => {
      const slot = new HeldSlot();
      const dispatcher = await create({ slots: [slot], queueLimit: 10 });
      const first = submit(dispatcher, 'a');
      const second = submit(dispatcher, 'b');
      await settled();
      slot.fail('a');
      await expect(first.result).rejects.toThrow('failed a');
      await settled();
      slot.finish('b');
      expect(await second.result).toBe('done b');
    });

    it('carries jobs that are plain JSON', async () => {
      const slot = new HeldSlot();
      const dispatcher = await create({ slots: [slot], queueLimit: 10 });
      submit(dispatcher, 'a');
      await settled();
      expect(slot.jobs[0]).toEqual(JSON.parse(JSON.stringify(jobOf('a', 'x'))));
    });
  });
}

/** For implementations that hand jobs over in another turn, or through another program. */
const settled = () => sleep(5);

function jobOf(id: string, model: string): Job {
  return {
    id,
    tenant: 'anonymous',
    effort: 1,
    deadlineMs: 1000,
    traceparent: null,
    work: {
      operation: 'GENERATE',
      model,
      prompt: id,
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
    },
  };
}

function submit(
  dispatcher: Dispatcher<string, string>,
  id: string,
  { model = 'x', onEvent = () => {} }: { model?: string; onEvent?: (event: string) => void } = {},
) {
  const abort = new AbortController();
  const positions: number[] = [];
  let started = false;
  const result = dispatcher.submit(jobOf(id, model), {
    signal: abort.signal,
    onPosition: (position) => positions.push(position),
    onStart: () => {
      started = true;
    },
    onEvent,
  });
  result.catch(() => {});
  return { result, positions, started: () => started, leave: () => abort.abort(new Error('left')) };
}

/** Runs a job until it is told how it ends. */
class HeldSlot implements Slot<string, string> {
  readonly jobs: Job[] = [];
  readonly #models: readonly string[];
  readonly #endings = new Map<string, (how: 'done' | 'failed') => void>();

  constructor(models: readonly string[] = []) {
    this.#models = models;
  }

  get running(): string[] {
    return [...this.#endings.keys()];
  }

  loaded(): readonly string[] {
    return this.#models;
  }

  run(job: Job, { signal, onEvent }: { signal: AbortSignal; onEvent: (event: string) => void }): Promise<string> {
    this.jobs.push(job);
    onEvent(`began ${job.id}`);
    return new Promise<string>((resolve, reject) => {
      this.#endings.set(job.id, (how) =>
        how === 'done' ? resolve(`done ${job.id}`) : reject(new Error(`failed ${job.id}`)),
      );
      signal.addEventListener('abort', () => reject(signal.reason));
    }).finally(() => this.#endings.delete(job.id));
  }

  finish(id: string): void {
    this.#endings.get(id)?.('done');
  }

  fail(id: string): void {
    this.#endings.get(id)?.('failed');
  }
}
