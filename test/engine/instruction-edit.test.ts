import { describe, expect, it } from 'vitest';
import type { ModelEntry } from '../../src/domain/model-entry.js';
import type { EditJob, EngineEvent } from '../../src/engine/engine.js';
import { changedTurbo, tinyTurbo } from './checkpoints.js';
import { job as drawJob, engineWith, prompt, run, runUntilStep, sampled } from './engines.js';
import { editJob, image, waves } from './images.js';
import { tinyOmni } from './omni-checkpoint.js';

/** Without an image encoder: the images' latents are all that the transformer has. */
function instructed(): ModelEntry {
  return tinyTurbo({ editModes: ['INSTRUCTION'] });
}

const job: EditJob = {
  ...sampled(editJob, { steps: 4 }),
  mode: 'INSTRUCTION',
  strength: null,
  source: waves(80, 64),
};
const squares = image(64, 64, (x, y) => (((x >> 3) + (y >> 3)) % 2 === 0 ? [250, 10, 10] : [5, 5, 240]));

describe('an image changed by words alone', () => {
  it('is of the source’s size, the same for the same job, and another when anything is', async () => {
    const engine = engineWith({ catalog: [instructed()] });
    const first = await run(engine, job);
    expect([first.width, first.height, first.data.length]).toEqual([80, 64, 80 * 64 * 3]);
    expect((await run(engine, job)).data).toEqual(first.data);
    const negative = 'blurry, with words enough to be padded to another length than the others are';
    const others = [
      { ...job, seed: 8 },
      { ...job, prompt: prompt('一只橘色的猫') },
      { ...job, source: squares },
      { ...job, references: [squares] },
      { ...job, references: [squares, waves(96, 70)] },
      { ...job, references: [waves(96, 70), squares] },
      sampled(job, { guidance: 3 }),
      sampled({ ...job, prompt: prompt('a red house', negative) }, { guidance: 3 }),
      sampled(job, { guidance: 3, guidanceNormalization: 1 }),
    ];
    const seen = new Set([first.data.join()]);
    for (const other of others) seen.add((await run(engine, other)).data.join());
    expect(seen.size).toBe(others.length + 1);
  });

  it('tells its stages and all its steps, with previews', async () => {
    const events: EngineEvent[] = [];
    const onEvent = (event: EngineEvent) => events.push(event);
    await run(engineWith({ catalog: [instructed()] }), { ...job, previews: true }, { onEvent });
    const told = events.map((event) => ('stage' in event ? `${event.type} ${event.stage}` : `step ${event.step}`));
    expect(told).toEqual([
      ...['stage-started LOAD', 'stage-finished LOAD', 'stage-started ENCODE_IMAGE', 'stage-finished ENCODE_IMAGE'],
      ...['stage-started ENCODE_PROMPT', 'stage-finished ENCODE_PROMPT', 'stage-started DENOISE'],
      ...[
        'step 1',
        'step 2',
        'step 3',
        'step 4',
        'stage-finished DENOISE',
        'stage-started DECODE',
        'stage-finished DECODE',
      ],
    ]);
    const steps = events.filter((event) => event.type === 'step');
    expect(steps.map(({ totalSteps }) => totalSteps)).toEqual([4, 4, 4, 4]);
    expect(steps.filter(({ preview }) => preview !== null).length).toBeGreaterThan(0);
  });

  it('may have any size', async () => {
    const changed = await run(engineWith({ catalog: [instructed()] }), { ...job, source: waves(100, 75) });
    expect([changed.width, changed.height, changed.data.length]).toEqual([100, 75, 100 * 75 * 3]);
  });

  it('may follow references of more than a megapixel', async () => {
    const engine = engineWith({ catalog: [instructed()] });
    const changed = await run(engine, sampled({ ...job, references: [waves(1400, 900)] }, { steps: 1 }));
    expect([changed.width, changed.height]).toEqual([80, 64]);
  });

  it('draws images from words as before, in between', async () => {
    const engine = engineWith({ catalog: [instructed()] });
    const words = { ...drawJob, width: 64, height: 64 };
    const [drawn, changed] = [await run(engine, words), await run(engine, job)];
    expect((await run(engine, words)).data).toEqual(drawn.data);
    expect((await run(engine, job)).data).toEqual(changed.data);
    expect(engine.loaded()).toEqual(['tiny-turbo']);
  });

  it('is the same of a model that does nothing else', async () => {
    const only: ModelEntry = { ...instructed(), id: 'only', operations: ['EDIT'] };
    const engine = engineWith({ catalog: [only] });
    const first = await run(engine, { ...job, model: 'only' });
    expect((await run(engineWith({ catalog: [instructed()] }), job)).data).toEqual(first.data);
  });

  it('depends on what the image encoder sees', async () => {
    const [seeing, blind] = [tinyOmni(), { ...tinyOmni(), id: 'blind' }];
    const engine = engineWith({
      catalog: [seeing, { ...blind, components: { ...blind.components, imageEncoder: null } }],
    });
    const told = await run(engine, { ...job, model: seeing.id, references: [squares] });
    expect((await run(engine, { ...job, model: seeing.id, references: [squares] })).data).toEqual(told.data);
    expect((await run(engine, { ...job, model: 'blind', references: [squares] })).data).not.toEqual(told.data);
  });

  it.each([
    [63, 80, '63×80'],
    [64, 576, '64×576'],
  ])('is refused with a reference of %d × %d', async (width, height, received) => {
    const engine = engineWith({ catalog: [instructed()] });
    await expect(run(engine, { ...job, references: [waves(width, height)] })).rejects.toThrow(
      new RegExp(`Expected images of at least 64 pixels on each side.*received ${received}`),
    );
  });

  it('is refused by a model that does not follow instructions', async () => {
    await expect(run(engineWith(), job)).rejects.toMatchObject({ name: 'CannotFollowInstructions' });
  });

  it('that the encoder makes infinite fails with NonFinite before the first step', async () => {
    const broken = changedTurbo('vae', (weights) => weights.poison('encoder.conv_in.bias', Number.POSITIVE_INFINITY));
    const engine = engineWith({ catalog: [{ ...broken, editModes: ['INSTRUCTION'] }] });
    const failure = { code: 'NonFinite', step: 0, retryable: false };
    await expect(run(engine, { ...job, model: broken.id })).rejects.toMatchObject(failure);
  });

  it('stops within one step when it is aborted', async () => {
    const engine = engineWith({ catalog: [instructed()] });
    const abort = new AbortController();
    const steps: number[] = [];
    const long = sampled({ ...job, source: waves(512, 512) }, { steps: 100 });
    const running = runUntilStep(engine, long, () => abort.abort(new Error('never mind')), {
      signal: abort.signal,
      onEvent: (event) => event.type === 'step' && steps.push(event.step),
    });
    await expect(running).rejects.toThrow('never mind');
    await run(engine, job);
    expect(steps).toEqual([1]);
  });
});
