import { describe, expect, it } from 'vitest';
import type { EditJob, EngineEvent } from '../../src/engine/engine.js';
import { stepsOfStrength } from '../../src/engine/pipelines/schedule.js';
import { changedTurbo } from './checkpoints.js';
import { engineWith, prompt, run, runUntilStep, sampled } from './engines.js';
import { differing, editJob, maskOf, waves, within } from './images.js';

const hole = { x: 21, y: 9, width: 30, height: 27 };
const inpaintJob: EditJob = { ...editJob, mode: 'INPAINT', mask: maskOf(hole, 64, 48), strength: 1 };

describe('an image changed as a whole', () => {
  it('is of the source’s size, the same for the same seed, and another for another', async () => {
    const engine = engineWith();
    const first = await run(engine, editJob);
    expect([first.width, first.height, first.data.length]).toEqual([64, 48, 64 * 48 * 3]);
    expect((await run(engine, editJob)).data).toEqual(first.data);
    expect((await run(engine, { ...editJob, seed: 8 })).data).not.toEqual(first.data);
    expect((await run(engine, { ...editJob, prompt: prompt('一只橘色的猫') })).data).not.toEqual(first.data);
  });

  it('runs the last of the schedule’s forwards: 5 of 8 at strength 0.6', async () => {
    const events: EngineEvent[] = [];
    await run(engineWith(), { ...editJob, previews: true }, { onEvent: (event) => events.push(event) });
    const said = events.map((event) => ('stage' in event ? `${event.type} ${event.stage}` : `step ${event.step}`));
    expect(said).toEqual([
      ...['stage-started LOAD', 'stage-finished LOAD', 'stage-started ENCODE_IMAGE', 'stage-finished ENCODE_IMAGE'],
      ...['stage-started ENCODE_PROMPT', 'stage-finished ENCODE_PROMPT', 'stage-started DENOISE'],
      ...['step 1', 'step 2', 'step 3', 'step 4', 'step 5', 'stage-finished DENOISE'],
      ...['stage-started DECODE', 'stage-finished DECODE'],
    ]);
    const steps = events.filter((event) => event.type === 'step');
    expect(new Set(steps.map(({ totalSteps }) => totalSteps))).toEqual(new Set([5]));
    expect(steps.map(({ sigma }) => Number(sigma.toFixed(3)))).toEqual([0.75, 0.643, 0.5, 0.3, 0]);
    expect(steps.filter(({ preview }) => preview !== null)).toHaveLength(2);
  });

  it.each([
    [8, 0.6, 5],
    [8, 1, 8],
    [8, 0.01, 1],
    [28, 0.5, 14],
    [1, 0.5, 1],
    [8, 0, 0],
  ])('of %d steps at strength %d runs %d', (steps, strength, run) => {
    expect(stepsOfStrength(steps, strength)).toBe(run);
  });

  it('is refused where no forward would run', async () => {
    await expect(run(engineWith(), { ...editJob, strength: 0 })).rejects.toThrow(/strength.*received 0/);
  });

  it('may have any size', async () => {
    const changed = await run(engineWith(), { ...editJob, source: waves(100, 75) });
    expect([changed.width, changed.height, changed.data.length]).toEqual([100, 75, 100 * 75 * 3]);
  });

  it('without guidance has no negative prompt, and with it goes away from that', async () => {
    const engine = engineWith();
    const away = { ...editJob, prompt: prompt('a red house', 'blurry') };
    const plain = (await run(engine, editJob)).data;
    expect((await run(engine, sampled(away, { guidance: 0 }))).data).toEqual(plain);
    const guided = (await run(engine, sampled(away, { guidance: 3 }))).data;
    expect(guided).not.toEqual(plain);
    expect((await run(engine, sampled(editJob, { guidance: 3 }))).data).not.toEqual(guided);
    // Where both prompts are one, their predictions are too, and there is nothing to go away from.
    const same = { ...editJob, prompt: prompt('a red house', 'a red house') };
    const { data } = await run(engine, sampled(same, { guidance: 3 }));
    expect(Math.max(...data.map((value, i) => Math.abs(value - plain[i]!)))).toBeLessThanOrEqual(1);
  });

  it('is guided until the truncation, and no further than the normalization', async () => {
    const engine = engineWith();
    const drawn = async (sampling: object) => (await run(engine, sampled(editJob, { guidance: 3, ...sampling }))).data;
    const [plain, guided] = [(await run(engine, editJob)).data, await drawn({})];
    // Its noise begins past the model's time 0.
    expect(await drawn({ guidanceTruncation: 0 })).toEqual(plain);
    expect(await drawn({ guidanceTruncation: 1 })).toEqual(guided);
    expect(await drawn({ guidanceNormalization: 100 })).toEqual(guided);
    const [short, some] = [await drawn({ guidanceNormalization: 1 }), await drawn({ guidanceTruncation: 0.3 })];
    for (const data of [short, some]) for (const other of [plain, guided]) expect(data).not.toEqual(other);
  });

  it('that the encoder makes infinite fails with NonFinite before the first step', async () => {
    const entry = changedTurbo('vae', (weights) => weights.poison('encoder.conv_in.bias', Number.POSITIVE_INFINITY));
    const engine = engineWith({ catalog: [entry] });
    const failure = { code: 'NonFinite', step: 0, retryable: false };
    await expect(run(engine, { ...editJob, model: entry.id })).rejects.toMatchObject(failure);
    await expect(run(engine, { ...inpaintJob, model: entry.id })).rejects.toMatchObject(failure);
  });

  it('stops within one step when it is aborted', async () => {
    const engine = engineWith();
    const abort = new AbortController();
    const steps: number[] = [];
    const long = sampled({ ...editJob, source: waves(512, 512) }, { steps: 100 });
    const running = runUntilStep(engine, long, () => abort.abort(new Error('never mind')), {
      signal: abort.signal,
      onEvent: (event) => event.type === 'step' && steps.push(event.step),
    });
    await expect(running).rejects.toThrow('never mind');
    await run(engine, editJob);
    expect(steps).toEqual([1]);
  });
});

describe('an image changed where a mask is white', () => {
  it.each([
    [64, 48],
    [100, 75],
  ])('of %d × %d keeps every byte outside it', async (width, height) => {
    const source = waves(width, height);
    const painted = await run(engineWith(), { ...inpaintJob, source, mask: maskOf(hole, width, height) });
    expect([painted.width, painted.height]).toEqual([width, height]);
    expect(differing(source, painted, (x, y) => !within(hole, x, y))).toBe(0);
    expect(differing(source, painted, (x, y) => within(hole, x, y))).toBeGreaterThan(700);
  });

  it('takes 128 for white and 127 for black', async () => {
    const engine = engineWith();
    const grey = (level: number) => ({ width: 64, height: 48, data: new Uint8Array(64 * 48).fill(level) });
    expect((await run(engine, { ...inpaintJob, mask: grey(127) })).data).toEqual(inpaintJob.source.data);
    const all = await run(engine, { ...inpaintJob, mask: grey(128) });
    expect(all.data).toEqual((await run(engine, { ...inpaintJob, mask: grey(255) })).data);
    expect(differing(all, inpaintJob.source)).toBeGreaterThan(2000);
  });

  it('is repainted by the words under a stroke that is thinner than a latent’s cell', async () => {
    const engine = engineWith();
    const stroke = { x: 17, y: 1, width: 5, height: 6 };
    const thin = { ...inpaintJob, mask: maskOf(stroke, 64, 48) };
    const [house, boat] = [await run(engine, thin), await run(engine, { ...thin, prompt: prompt('a blue boat') })];
    expect(differing(house, boat, (x, y) => within(stroke, x, y))).toBeGreaterThan(10);
    expect(differing(thin.source, house, (x, y) => !within(stroke, x, y))).toBe(0);
  });

  it('runs as many forwards as its strength asks for, and is the same for the same seed', async () => {
    const engine = engineWith();
    const steps: number[] = [];
    const once = await run(engine, sampled({ ...inpaintJob, strength: 0.6 }, { guidance: 2 }), {
      onEvent: (event) => event.type === 'step' && steps.push(event.step),
    });
    expect(steps).toEqual([1, 2, 3, 4, 5]);
    expect((await run(engine, sampled({ ...inpaintJob, strength: 0.6 }, { guidance: 2 }))).data).toEqual(once.data);
  });
});
