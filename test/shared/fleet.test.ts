import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { ProgressEvent } from '../../src/generation/types.js';
import type { CallersUseCases } from '../generation/as-caller.js';
import { door, ScriptedEngine, seedsOf } from '../generation/engines.js';
import { ended, eventsOf, stays, untilDone } from '../generation/open-studio.js';
import { useFleet } from './fleet.js';

const fleet = useFleet();
const cat = { prompt: 'a cat', seed: 7 };
const soon = (assertion: () => void | Promise<void>) => vi.waitFor(assertion, { timeout: 20_000, interval: 10 });

describe('several API processes', () => {
  it('make what fifty clients ask them for once', async () => {
    const engine = new ScriptedEngine();
    await fleet.worker(engine);
    const apis = await fleet.apis(3);
    const made = await Promise.all(Array.from({ length: 50 }, (_, i) => apis[i % 3]!.generate(cat, untilDone)));
    expect(engine.jobs).toHaveLength(1);
    expect(new Set(made.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED']));
    expect(new Set(made.flatMap(({ imageIds }) => imageIds)).size).toBe(1);
    expect(made.filter(({ cache }) => cache === 'MISS')).toHaveLength(1);
  });

  it('make each image once of two generations that have half of them in common', async () => {
    const engine = new ScriptedEngine();
    const [one, two] = await fleet.apis(2);
    const [first, second] = await Promise.all([
      one!.generate({ ...cat, seed: 1, count: 4 }, stays()),
      two!.generate({ ...cat, seed: 3, count: 4 }, stays()),
    ]);
    await fleet.worker(engine);
    const [a, b] = await Promise.all([ended(two!, first), ended(one!, second)]);
    expect(engine.jobs.flatMap(seedsOf).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(a.imageIds.slice(2)).toEqual(b.imageIds.slice(0, 2));
  });

  it('tell the same events and the same state, whichever owns the generation', async () => {
    const { open, through, reached } = door();
    await fleet.worker(
      new ScriptedEngine({ previews: true, beforeStep: (step) => (step === 3 ? through() : undefined) }),
    );
    const [owner, other] = await fleet.apis(2);
    const { id } = await owner!.generate(cat, stays());
    const early = eventsOf(other!, id);
    await reached;
    await soon(async () => expect(await other!.generation(id)).toMatchObject({ status: 'RUNNING', step: 2 }));
    expect(await other!.generation(id)).toEqual(await owner!.generation(id));
    open();
    const [own, read, late] = await Promise.all([eventsOf(owner!, id), early, eventsOf(other!, id, 4)]);
    const told = (events: readonly ProgressEvent[]) => events.map(({ sequence, type }) => [sequence, type]);
    expect(told(read)).toEqual(told(own));
    expect(told(late)).toEqual(told(own).slice(4));
    expect(own.some((event) => event.type === 'StepFinished' && event.preview !== null)).toBe(true);
    expect(await other!.generation(id)).toEqual(await owner!.generation(id));
  });

  it('cancel what another one owns, within a step', async () => {
    const engine = new ScriptedEngine({ beforeStep: () => sleep(20) });
    await fleet.worker(engine);
    const [owner, other] = await fleet.apis(2);
    const { id } = await owner!.generate({ ...cat, steps: 100 }, stays());
    await soon(() => expect(engine.jobs).toHaveLength(1));
    const cancelled = await other!.cancel(id);
    expect(cancelled.status).toBe('CANCELLED');
    await soon(() => expect(engine.aborted).toHaveLength(1));
    expect((await owner!.generation(id))!.status).toBe('CANCELLED');
    expect((await eventsOf(other!, id)).at(-1)).toMatchObject({ type: 'GenerationFinished', status: 'CANCELLED' });
  });

  it('go on with a job for which another one’s client still waits', async () => {
    const { open, through, reached } = door();
    const engine = new ScriptedEngine({ beforeStep: through });
    await fleet.worker(engine);
    const [one, two] = await fleet.apis(2);
    const [leaves, waits] = [await one!.generate(cat, stays()), await two!.generate(cat, stays())];
    await reached;
    expect((await two!.cancel(leaves.id)).status).toBe('CANCELLED');
    open();
    expect((await ended(one!, waits)).status).toBe('SUCCEEDED');
    expect(engine.jobs).toHaveLength(1);
  });

  it('share a model call between the requests of their clients', async () => {
    const { open, through, reached } = door();
    const engine = new ScriptedEngine({ beforeStep: through });
    await fleet.worker(engine, 3);
    const [one, two] = await fleet.apis(2);
    const first = await one!.generate({ ...cat, steps: 2 }, stays());
    await reached;
    const apis: CallersUseCases[] = [one!, two!, one!];
    const others = await Promise.all(apis.map((api, seed) => api.generate({ ...cat, seed }, stays())));
    open();
    await Promise.all([first, ...others].map((generation) => ended(two!, generation)));
    expect(engine.jobs.map((job) => seedsOf(job).length)).toEqual([1, 3]);
  });
});
