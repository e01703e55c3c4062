import { describe, expect, it } from 'vitest';
import { NotCached } from '../../src/domain/problems.js';
import type { ProgressEvent } from '../../src/generation/types.js';
import { door, ScriptedEngine, seedsOf } from './engines.js';
import { ended, eventsOf, guidedModel, painter, stays, studioFor, tiny, untilDone } from './fixture.js';

const cat = { prompt: 'a cat', seed: 7 };

describe('a generation', () => {
  it('is a MISS the first time and a HIT with the same image the second', async () => {
    const engine = new ScriptedEngine();
    const service = await studioFor({ engines: [engine] });
    const first = await service.generate(cat, untilDone);
    const second = await service.generate(cat, untilDone);
    expect(first).toMatchObject({ status: 'SUCCEEDED', cache: 'MISS', step: 4, totalSteps: 4, seed: 7, problem: null });
    expect(second).toMatchObject({ status: 'SUCCEEDED', cache: 'HIT', imageIds: first.imageIds });
    expect(second.id).not.toBe(first.id);
    expect(second.fingerprint).toBe(first.fingerprint);
    expect(engine.jobs).toHaveLength(1);
    expect(await service.image(first.imageIds[0]!)).toMatchObject({ width: 64, height: 64, seed: 7 });
    expect(await service.generation(first.id)).toEqual(first);
    expect(await service.generation(second.id)).toEqual(second);
  });

  it('tells how long each stage took', async () => {
    const service = await studioFor();
    const { timings } = await service.generate(cat, untilDone);
    expect(timings.map(({ stage }) => stage)).toEqual(['ENCODE_PROMPT', 'DENOISE', 'DECODE', 'ENCODE_OUTPUT']);
  });

  it('answers at once with waitMs 0, and after waitMs when it takes longer', async () => {
    const { open, through } = door();
    const service = await studioFor({ engines: [new ScriptedEngine({ beforeStep: through })] });
    const atOnce = await service.generate(cat, stays(0));
    expect(atOnce).toMatchObject({ cache: 'MISS', finishedAt: null, imageIds: [] });
    const later = await service.generate(cat, stays(30));
    expect(later).toMatchObject({ status: 'RUNNING', cache: 'SHARED' });
    open();
    expect(await ended(service, atOnce)).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('without a seed draws those of all its images below 2^32, and others every time', async () => {
    const engine = new ScriptedEngine();
    const service = await studioFor({ engines: [engine] });
    for (let i = 0; i < 20; i++) await service.generate({ prompt: 'a cat', steps: 1, count: 8 }, untilDone);
    const seeds = engine.jobs.flatMap(seedsOf);
    expect(new Set(seeds).size).toBeGreaterThan(150);
    expect(Math.max(...seeds)).toBeLessThan(2 ** 32);
    // All bits are drawn.
    expect(Math.max(...seeds)).toBeGreaterThan(2 ** 31);
  });

  it('of several images makes each from seed + i, and only those that are missing', async () => {
    const engine = new ScriptedEngine();
    const service = await studioFor({ engines: [engine] });
    const one = await service.generate({ ...cat, seed: 8 }, untilDone);
    const three = await service.generate({ ...cat, count: 3 }, untilDone);
    expect(three).toMatchObject({ cache: 'MISS', step: 12, totalSteps: 12, count: 3 });
    expect(three.imageIds).toHaveLength(3);
    expect(three.imageIds[1]).toBe(one.imageIds[0]);
    expect(engine.jobs.map(seedsOf)).toEqual([[8], [7, 9]]);
    expect((await service.generate({ ...cat, count: 3 }, untilDone)).cache).toBe('HIT');
    expect(new Set([one.fingerprint, three.fingerprint]).size).toBe(2);
  });
});

describe('guidance and LoRAs', () => {
  it('reach the engine as they are asked for, and make other images', async () => {
    const engine = new ScriptedEngine();
    const service = await studioFor({ engines: [engine], catalog: [{ ...guidedModel, loras: painter.loras }] });
    const [ink, oil] = [
      { id: 'ink', weight: 1 },
      { id: 'oil', weight: -0.5 },
    ];
    const asked = { guidance: 3, guidanceNormalization: 1, guidanceTruncation: 0.75 };
    expect(await service.generate({ ...cat, ...asked, loras: [oil, ink] }, untilDone)).toMatchObject({
      ...{ cache: 'MISS', guidance: 3, loras: [ink, oil] },
    });
    expect(engine.jobs[0]).toMatchObject({ sampling: { ...asked, loras: [ink, oil] } });
    for (const less of [{ ...asked, guidanceTruncation: 1 }, { ...asked, guidanceNormalization: 0 }, asked])
      expect(await service.generate({ ...cat, ...less }, untilDone)).toMatchObject({ cache: 'MISS', loras: [] });
  });
});

describe('identical requests', () => {
  it('made 50 times at once cost one job', async () => {
    const engine = new ScriptedEngine();
    const service = await studioFor({ engines: [engine] });
    const all = await Promise.all(Array.from({ length: 50 }, () => service.generate(cat, untilDone)));
    expect(engine.jobs).toHaveLength(1);
    expect(new Set(all.map(({ id }) => id)).size).toBe(50);
    expect(new Set(all.flatMap(({ imageIds }) => imageIds)).size).toBe(1);
    expect(all.filter(({ cache }) => cache === 'MISS')).toHaveLength(1);
    expect(all.filter(({ cache }) => cache === 'SHARED')).toHaveLength(49);
  });

  it('with random seeds are never shared nor cached, but the reported seed repeats as a HIT', async () => {
    const engine = new ScriptedEngine();
    const service = await studioFor({ engines: [engine] });
    const [a, b] = await Promise.all([
      service.generate({ prompt: 'x' }, untilDone),
      service.generate({ prompt: 'x' }, untilDone),
    ]);
    expect([a.cache, b.cache]).toEqual(['MISS', 'MISS']);
    expect(a.seed).not.toBe(b.seed);
    expect(engine.jobs).toHaveLength(2);
    const again = await service.generate({ prompt: 'x', seed: a.seed }, untilDone);
    expect(again).toMatchObject({ cache: 'HIT', imageIds: a.imageIds });
  });

  it('differ from those of another model content, step count, size, prompt or seed', async () => {
    const engine = new ScriptedEngine();
    const service = await studioFor({ engines: [engine] });
    const others = [{}, { model: 'guided' }, { steps: 5 }, { width: 80 }, { prompt: 'a cot' }, { seed: 8 }];
    for (const other of others) await service.generate({ ...cat, ...other }, untilDone);
    expect(engine.jobs).toHaveLength(others.length);
  });

  it('are the same when their prompts differ only in Unicode composition', async () => {
    const service = await studioFor();
    const composed = await service.generate({ prompt: 'caf\u00e9', seed: 1 }, untilDone);
    const decomposed = await service.generate({ prompt: 'cafe\u0301', seed: 1 }, untilDone);
    expect(decomposed).toMatchObject({ cache: 'HIT', imageIds: composed.imageIds });
  });
});

describe('the cache policy', () => {
  it('ONLY answers from memory, else says NotCached with the fingerprint and starts nothing', async () => {
    const engine = new ScriptedEngine();
    const service = await studioFor({ engines: [engine] });
    const only = { ...cat, cache: 'ONLY' } as const;
    const refusal = await service.generate(only, untilDone).catch((error) => error);
    expect(refusal).toBeInstanceOf(NotCached);
    expect(engine.jobs).toHaveLength(0);
    const made = await service.generate(cat, untilDone);
    expect(refusal.fingerprint).toBe(made.fingerprint);
    expect(await service.generate(only, untilDone)).toMatchObject({ cache: 'HIT', imageIds: made.imageIds });
  });

  it('REFRESH makes it anew; several at once make it once', async () => {
    const engine = new ScriptedEngine();
    const service = await studioFor({ engines: [engine] });
    const first = await service.generate(cat, untilDone);
    const refresh = { ...cat, cache: 'REFRESH' } as const;
    const [a, b] = await Promise.all([service.generate(refresh, untilDone), service.generate(refresh, untilDone)]);
    expect([a.cache, b.cache]).toEqual(['MISS', 'SHARED']);
    expect(a.imageIds).toEqual(first.imageIds);
    expect(engine.jobs).toHaveLength(2);
    expect((await service.generate(cat, untilDone)).cache).toBe('HIT');
  });
});

describe('models', () => {
  it('are chosen by id or name, and say whether they are loaded', async () => {
    const service = await studioFor();
    expect((await service.generate({ ...cat, model: 'Guided' }, untilDone)).modelName).toBe('guided');
    expect(await service.model(tiny.id)).toMatchObject({ id: 'tiny', loaded: true, defaultSteps: 4 });
    expect(await service.models()).toHaveLength(2);
    expect(await service.model('none')).toBeNull();
    expect(service.ready()).toBe(true);
  });
});

/** What happened; the generation beside it is as it is when the event is sent. */
const told = ({ generation, ...event }: ProgressEvent) => event;

describe('progress', () => {
  it('is gap-free from any `after`, live or later', async () => {
    const { open, through } = door();
    const service = await studioFor({ engines: [new ScriptedEngine({ beforeStep: through, previews: true })] });
    const { id } = await service.generate(cat, stays());
    const live = eventsOf(service, id);
    open();
    const all = await live;
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, i) => i + 1));
    expect(all[0]).toMatchObject({ type: 'GenerationQueued' });
    expect(all.at(-1)).toMatchObject({ type: 'GenerationFinished', generation: { status: 'SUCCEEDED' } });
    const steps = all.filter((event) => event.type === 'StepFinished');
    expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4]);
    expect(steps[0]!.preview).toMatch(/^data:image\/webp;base64,/);
    for (let after = 0; after <= all.length; after++)
      expect((await eventsOf(service, id, after)).map(told)).toEqual(all.slice(after).map(told));
  });

  it('of a repeat is its last event', async () => {
    const service = await studioFor();
    await service.generate(cat, untilDone);
    const repeat = await service.generate(cat, untilDone);
    expect(await eventsOf(service, repeat.id)).toMatchObject([
      { type: 'GenerationFinished', sequence: 1, at: repeat.finishedAt, generation: repeat },
    ]);
    expect(await eventsOf(service, repeat.id, 1)).toEqual([]);
  });

  it('says which image a step belongs to, and counts the steps of all', async () => {
    const service = await studioFor({ engines: [new ScriptedEngine(), new ScriptedEngine()] });
    const { id } = await service.generate({ ...cat, count: 2, steps: 3 }, untilDone);
    const steps = (await eventsOf(service, id)).filter((event) => event.type === 'StepFinished');
    for (const image of [0, 1])
      expect(steps.filter((event) => event.image === image).map(({ step }) => step)).toEqual([1, 2, 3]);
    expect(steps.map(({ generation }) => generation.step)).toEqual([6, 6, 6, 6, 6, 6]);
  });

  it('whose log is no longer kept still ends', async () => {
    const service = await studioFor({ env: { PROGRESS_KEPT_BYTES: '0' } });
    const done = await service.generate(cat, untilDone);
    const [last, ...more] = await eventsOf(service, done.id, 2);
    expect(more).toEqual([]);
    expect(last).toMatchObject({ type: 'GenerationFinished', generation: done });
    expect(last!.sequence).toBeGreaterThan(2);
  });
});
