import { describe, expect, it, vi } from 'vitest';
import type { ProgressEvent } from '../../src/generation/types.js';
import { type ProgressLog, StaleWriter } from '../../src/stores/progress/progress-log.js';
import { HandClock } from '../generation/hand-clock.js';
import { generationOf } from './generation.js';

export interface ProgressLogSetup {
  readonly clock: HandClock;
  readonly heartbeatMs: number;
  readonly maxBytes: number;
  readonly keptBytes: number;
}

const step = (n: number, preview: string | null = null) =>
  ({ type: 'StepFinished', at: n, sequence: n, image: 0, step: n, totalSteps: 9, sigma: 0.5, preview }) as const;
const finish = (sequence: number) =>
  ({ type: 'GenerationFinished', at: 99, sequence, status: 'SUCCEEDED', problem: null, finished: [] }) as const;

const a = generationOf({ id: 'a' });
const has = async (log: ProgressLog, id: string) => (await log.read(id, 0, new AbortController().signal)) !== null;

/** What every progress log does, wherever it is kept. */
export function progressLogConformance(name: string, create: (setup: ProgressLogSetup) => Promise<ProgressLog>): void {
  async function fresh(changes: Partial<ProgressLogSetup> = {}) {
    const clock = new HandClock();
    const setup = { clock, heartbeatMs: 1000, maxBytes: 1_000_000, keptBytes: 1_000_000, ...changes };
    return { clock, log: await create(setup) };
  }

  describe(`${name} is a progress log that`, () => {
    it('tells events from any point, then live, until the last', async () => {
      const { log, clock } = await fresh();
      await log.append(a, step(1));
      await log.append(a, step(2));
      const reading = [0, 1, 2, 3, 4].map((after) => collected(log, after));
      await silent(clock, 5);
      await log.append(a, step(3));
      await log.append(a, finish(4));
      const read = await Promise.all(reading);
      expect(read.map((events) => events.map(({ sequence }) => sequence))).toEqual([
        [1, 2, 3, 4],
        [2, 3, 4],
        [3, 4],
        [4],
        // It claims to know more than there is: it still hears of the end.
        [4],
      ]);
      expect((await collected(log, 0)).map(({ type }) => type).at(-1)).toBe('GenerationFinished');
    });

    it.each([4, 5, 6, 7, 99])(
      'tells a reader that begins after event %d, beyond the end, how it ends',
      async (after) => {
        const { log, clock } = await fresh();
        await log.append(a, step(1));
        const reading = collected(log, after);
        await silent(clock);
        for (let n = 2; n <= 5; n++) await log.append(a, step(n));
        await log.append(a, finish(6));
        const told = (await reading).map(({ sequence }) => sequence);
        expect(told).toEqual([2, 3, 4, 5, 6].filter((sequence) => sequence > after || sequence === 6));
        // A log that has ended says so too, except to those who have heard it.
        expect((await collected(log, after)).at(-1)?.sequence).toBe(after === 6 ? undefined : 6);
      },
    );

    it('tells each event with the generation as it is when the event is sent', async () => {
      const { log } = await fresh();
      await log.append(generationOf({ id: 'a', status: 'RUNNING' }), step(1));
      await log.append(generationOf({ id: 'a', status: 'SUCCEEDED' }), finish(2));
      const events = await collected(log, 0);
      expect(events.map((event) => event.generation.status)).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    });

    it('keeps generations apart, and knows which it does not have', async () => {
      const { log } = await fresh();
      await log.append(a, finish(1));
      await log.append(generationOf({ id: 'b' }), step(1));
      expect(await collected(log, 0)).toHaveLength(1);
      expect(await log.read('c', 0, new AbortController().signal)).toBeNull();
    });

    it('sends heartbeats in silence, with the number of the last event', async () => {
      const { log, clock } = await fresh();
      await log.append(a, step(1));
      const reading = collected(log, 0);
      for (let i = 0; i < 2; i++) {
        await silent(clock);
        clock.advance(1000);
      }
      await silent(clock);
      clock.advance(999);
      await log.append(a, finish(2));
      const events = await reading;
      expect(events.map(({ type, sequence }) => [type, sequence])).toEqual([
        ['StepFinished', 1],
        ['Heartbeat', 1],
        ['Heartbeat', 1],
        ['GenerationFinished', 2],
      ]);
    });

    it('ends a reader whose signal aborts, and leaves nothing behind', async () => {
      const { log, clock } = await fresh();
      await log.append(a, step(1));
      const reading = new AbortController();
      const events = collected(log, 0, reading.signal);
      await silent(clock);
      reading.abort();
      expect(await events).toHaveLength(1);
      expect(clock.waiting).toBe(0);
    });

    it('lets previews of old steps go when it grows too large, never the steps', async () => {
      const { log } = await fresh({ maxBytes: 20_000 });
      for (let n = 1; n <= 10; n++) await log.append(a, step(n, 'x'.repeat(5000)));
      await log.append(a, finish(11));
      const events = await collected(log, 0);
      expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      const previews = events.flatMap((event) => (event.type === 'StepFinished' ? [event.preview !== null] : []));
      expect(previews.indexOf(true)).toBeGreaterThan(4);
      expect(previews.at(-1)).toBe(true);
    });

    it('forgets finished logs, oldest first, but no running one', async () => {
      const { log } = await fresh({ keptBytes: 10_000 });
      await log.append(generationOf({ id: 'runs' }), step(1));
      for (let i = 0; i < 50; i++) await log.append(generationOf({ id: `g${i}` }), finish(1));
      expect(await Promise.all(['runs', 'g0', 'g49'].map((id) => has(log, id)))).toEqual([true, false, true]);
    });

    it('counts long prompts towards what it keeps', async () => {
      const { log } = await fresh({ keptBytes: 100_000 });
      const wordy = (id: string) => generationOf({ id, prompt: 'x'.repeat(20_000) });
      for (let i = 0; i < 10; i++) await log.append(wordy(`g${i}`), finish(1));
      expect(await Promise.all(['g0', 'g9'].map((id) => has(log, id)))).toEqual([false, true]);
    });

    it('begins at any number, and has nothing to hide from one that has seen others', async () => {
      const { log, clock } = await fresh();
      const [first, last] = [1_000_001, 1_000_002];
      await log.append(a, { ...step(1), sequence: first });
      const reading = [7, first, last + 9].map((after) => collected(log, after));
      await silent(clock, 3);
      await log.append(a, finish(last));
      const read = await Promise.all(reading);
      expect(read.map((events) => events.map(({ sequence }) => sequence))).toEqual([[first, last], [last], [last]]);
    });

    it('appends an event once that is sent twice, and refuses a writer that is behind another', async () => {
      const { log } = await fresh();
      for (const event of [step(1), step(2, 'data:'), step(2, 'data:')]) await log.append(a, event);
      await expect(log.append(a, { ...step(1), at: 7 })).rejects.toBeInstanceOf(StaleWriter);
      await log.append(a, finish(3));
      await log.append(a, finish(3));
      await expect(log.append(a, step(4))).rejects.toBeInstanceOf(StaleWriter);
      expect((await collected(log, 0)).map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    });

    it('knows each generation as its last event left it', async () => {
      const { log } = await fresh();
      await log.append(a, step(1));
      const later = generationOf({ id: 'a', status: 'RUNNING', step: 2 });
      await log.append(later, step(2));
      expect(await log.states(['a', 'c'])).toEqual([later, null]);
    });

    it('ends all readers when it closes', async () => {
      const { log, clock } = await fresh();
      await log.append(a, step(1));
      const reading = collected(log, 0);
      await silent(clock);
      await log.close();
      expect(await reading).toHaveLength(1);
    });
  });

  /** Resolves when so many readers have read what there is and wait for more. */
  const silent = (clock: HandClock, readers = 1) =>
    vi.waitFor(() => expect(clock.waiting).toBe(readers), { interval: 1 });

  async function collected(log: ProgressLog, after: number, signal = new AbortController().signal) {
    const events: ProgressEvent[] = [];
    for await (const event of (await log.read('a', after, signal))!) events.push(event);
    return events;
  }
}
