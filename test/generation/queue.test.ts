import { describe, expect, it } from 'vitest';
import { QueueFull } from '../../src/domain/problems.js';
import type { EngineJob } from '../../src/engine/engine.js';
import { type Clock, systemClock } from '../../src/environment/clock.js';
import { door, ScriptedEngine, seedOf, seedsOf } from './engines.js';
import { ended, eventsOf, newFolder, openStudio, stays, studioFor } from './fixture.js';
import { HandClock } from './hand-clock.js';

async function busy(env: Record<string, string> = {}, clock: Clock = systemClock) {
  const { open, through } = door();
  const engine = new ScriptedEngine({ beforeStep: through });
  const service = await studioFor({ engines: [engine], env, clock });
  const ask = (seed: number, more = {}) => service.generate({ prompt: 'a cat', seed, ...more }, stays());
  return { open, engine, service, ask };
}

describe('the queue', () => {
  it('refuses at once when it is full, and says when to come back', async () => {
    const { open, service, ask, engine } = await busy({ QUEUE_LIMIT: '2' });
    const accepted = [await ask(1), await ask(2), await ask(3)];
    const refusal = await ask(4).catch((error) => error);
    expect(refusal).toBeInstanceOf(QueueFull);
    expect(refusal.retryAfterMs).toBe(250);
    expect((await ask(3)).cache).toBe('SHARED');
    open();
    for (const generation of accepted) expect((await ended(service, generation)).status).toBe('SUCCEEDED');
    // Those that waited share a forward.
    expect(engine.jobs.map(seedsOf)).toEqual([[1], [2, 3]]);
  });

  it.each([
    ['steps', { steps: 80 }, 4],
    ['pixels', { width: 256, height: 128 }, 8],
    ['images', { count: 3 }, 3],
    ['forwards, of which guidance makes two a step,', { model: 'guided' }, 2],
  ])('says so later where more %s wait', async (_what, more, times) => {
    const { open, service, ask } = await busy({ QUEUE_LIMIT: '2' }, new HandClock());
    const small = { steps: 20 };
    const accepted = [await ask(1, small), await ask(20, small), await ask(40, { ...small, ...more })];
    const { retryAfterMs } = await ask(60).catch((error) => error);
    // At first a guess: 2 s for 256 × 256 in 8 steps.
    expect(retryAfterMs).toBe(Math.round((2000 * (2 + times) * 64 * 64 * 20) / (256 * 256 * 8)));
    open();
    for (const generation of accepted) await ended(service, generation);
  });

  it('has one place for all images of a request', async () => {
    const { open, service, ask, engine } = await busy({ QUEUE_LIMIT: '1' });
    const first = await ask(1);
    const second = await ask(20, { count: 3 });
    expect(second).toMatchObject({ queuePosition: 0 });
    await expect(ask(10)).rejects.toBeInstanceOf(QueueFull);
    open();
    await ended(service, first);
    expect(await ended(service, second)).toMatchObject({ status: 'SUCCEEDED', cache: 'MISS' });
    expect(engine.jobs.map(seedsOf)).toEqual([[1], [20, 21, 22]]);
  });

  it('tells those who wait how many are before them, and every change', async () => {
    const { open, service, ask } = await busy();
    const [, second, third] = [await ask(1), await ask(2), await ask(3, { steps: 3 })];
    expect([second?.queuePosition, third?.queuePosition]).toEqual([0, 1]);
    open();
    const events = await eventsOf(service, third!.id);
    const positions = events.flatMap((event) => (event.type === 'GenerationQueued' ? [event.position] : []));
    expect(positions).toEqual([1, 0]);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, i) => i + 1));
  });

  it('moves up when somebody before leaves', async () => {
    const { service, ask } = await busy();
    const [, second, third] = [await ask(1), await ask(2), await ask(3)];
    await service.cancel(second!.id);
    expect(await service.generation(third!.id)).toMatchObject({ queuePosition: 0 });
  });
});

describe('a studio that closes', () => {
  it('takes no new work, finishes what it can, and leaves the rest to the next process', async () => {
    const { open, through } = door();
    const beforeStep = (_: number, job: EngineJob) => (seedOf(job) === 1 ? undefined : through());
    const clock = new HandClock();
    const dataDir = newFolder();
    const service = await openStudio({
      dataDir,
      engines: [new ScriptedEngine({ beforeStep }), new ScriptedEngine({ beforeStep })],
      clock,
    });
    const quick = await service.generate({ prompt: 'x', seed: 1, steps: 100 }, stays());
    const slow = await service.generate({ prompt: 'x', seed: 2 }, stays());
    const finished = eventsOf(service, quick.id);
    const interrupted = eventsOf(service, slow.id);
    const closing = service.close(500);
    await expect(service.generate({ prompt: 'x', seed: 3 }, stays())).rejects.toBeInstanceOf(QueueFull);
    expect((await finished).at(-1)).toMatchObject({
      type: 'GenerationFinished',
      generation: { status: 'SUCCEEDED' },
    });
    expect(await service.generation(slow.id)).toMatchObject({ status: 'RUNNING' });
    clock.advance(500);
    const left = await interrupted;
    expect(left.map(({ type }) => type)).not.toContain('GenerationFinished');
    open();
    await closing;
    expect(service.ready()).toBe(false);
    const next = await studioFor({ dataDir });
    const rest = await eventsOf(next, slow.id, left.at(-1)!.sequence);
    expect(rest.at(-1)).toMatchObject({ type: 'GenerationFinished', generation: { status: 'SUCCEEDED' } });
  });
});
