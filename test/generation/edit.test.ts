import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { InvalidInput, NotCached, NotFound, QueueFull } from '../../src/domain/problems.js';
import type { EditJob } from '../../src/engine/engine.js';
import type { EditRequest } from '../../src/generation/types.js';
import { door, ScriptedEngine } from './engines.js';
import { ended, follower, newFolder, painter, stays, studioFor, tiny, untilDone } from './fixture.js';
import { black, differing, leftHalf, upload, waves } from './images.js';

const catalog = [tiny, painter, follower];
const photo = waves(100, 80);
const wish = { prompt: 'a cat', seed: 7 };

async function studioWith(more: Parameters<typeof studioFor>[0] = {}) {
  const engine = new ScriptedEngine();
  const service = await studioFor({ engines: [engine], catalog, ...more });
  const edit = async (changes: Partial<EditRequest> = {}) =>
    service.edit({ ...wish, image: await upload(photo), ...changes }, untilDone);
  const refusal = (changes: Partial<EditRequest>) => edit(changes).catch((error) => error);
  return { engine, service, edit, refusal, jobs: () => engine.jobs as readonly EditJob[] };
}

describe('an edit', () => {
  it('with a mask repaints it, of the whole image’s strength unless another is asked for', async () => {
    const { edit, jobs } = await studioWith();
    const mask = await upload(leftHalf(100, 80));
    const whole = await edit({ mask });
    expect(whole).toMatchObject({
      ...{ operation: 'EDIT', status: 'SUCCEEDED', modelName: 'painter', editMode: 'INPAINT', strength: 1 },
      ...{ width: 100, height: 80, steps: 8, step: 8, totalSteps: 8, sourceId: null },
    });
    expect(jobs()[0]).toMatchObject({ operation: 'EDIT', mode: 'INPAINT', references: [], seed: 7 });
    expect(differing(jobs()[0]!.source, photo)).toBe(0);
    expect([...jobs()[0]!.mask!.data.subarray(48, 52)]).toEqual([255, 255, 0, 0]);
    expect(await edit({ mask, strength: 0.6 })).toMatchObject({ editMode: 'INPAINT', strength: 0.6, totalSteps: 5 });
  });

  it('with a strength starts from the image, and counts the forwards that run', async () => {
    const { edit, jobs } = await studioWith();
    expect(await edit({ strength: 0.6 })).toMatchObject({
      ...{ editMode: 'STRENGTH', strength: 0.6, steps: 8, step: 5, totalSteps: 5, cache: 'MISS' },
    });
    expect(jobs()[0]).toMatchObject({ mode: 'STRENGTH', mask: null, strength: 0.6 });
    expect(differing(jobs()[0]!.source, photo)).toBe(0);
  });

  it('with neither follows the words, and may bring further images', async () => {
    const { edit, jobs } = await studioWith();
    const references = [await upload(waves(64, 64)), await upload(waves(80, 64))];
    expect(await edit({ references })).toMatchObject({
      ...{ editMode: 'INSTRUCTION', modelName: 'follower', strength: null, steps: 4, totalSteps: 4, guidance: 4 },
    });
    expect(jobs()[0]).toMatchObject({ mode: 'INSTRUCTION', strength: null });
    expect(jobs()[0]!.references.map(({ width, height }) => [width, height])).toEqual([
      [64, 64],
      [80, 64],
    ]);
    expect(differing(jobs()[0]!.references[1]!, waves(80, 64))).toBe(0);
    expect(await edit({ dynamicGuidance: true })).not.toMatchObject({ guidance: 4 });
  });

  it('of an image that was made here knows where it came from', async () => {
    const { edit, service } = await studioWith();
    const { imageIds } = await service.generate({ ...wish, model: 'painter' }, untilDone);
    expect(await edit({ image: { id: imageIds[0]! }, strength: 0.5 })).toMatchObject({
      ...{ sourceId: imageIds[0], width: 64, height: 64 },
    });
  });
});

describe('an edited image', () => {
  it('carries how it was made, and that it is made of another', async () => {
    const { edit, service } = await studioWith();
    const image = await upload(photo);
    const loras = [{ id: 'ink', weight: 0.5 }];
    const made = await edit({ image, mask: await upload(leftHalf(100, 80)), strength: 0.6, loras });
    const variant = await service.variant(made.imageIds[0]!, { format: 'PNG' });
    if (variant.outcome !== 'found') throw new Error(variant.outcome);
    const { xmp, comments } = await sharp(variant.body).metadata();
    expect(xmp!.toString()).toContain('digitalsourcetype/compositeWithTrainedAlgorithmicMedia<');
    for (const field of ['Mode>INPAINT', 'Strength>0.6', 'Loras>ink:0.5'])
      expect(xmp!.toString()).toContain(`<inkstone:${field}</`);
    expect(xmp!.toString()).toMatch(/<inkstone:Source>[0-9a-f]{64}<.*<inkstone:Mask>[0-9a-f]{64}</s);
    expect(comments![0]!.text).toMatch(
      /Loras: "ink:0.5", Denoising strength: 0.6, Mode: INPAINT, Source: [0-9a-f]{64}/,
    );
  });
});

describe('the same edit', () => {
  it('is a HIT, however the same pixels were given', async () => {
    const { edit, service, engine } = await studioWith();
    const { imageIds } = await service.generate({ ...wish, model: 'painter' }, untilDone);
    const id = { id: imageIds[0]! };
    const first = await edit({ image: id, strength: 0.6 });
    const variant = await service.variant(id.id, { format: 'PNG', width: 64 });
    if (variant.outcome !== 'found') throw new Error(variant.outcome);
    const sent = { upload: new Blob([new Uint8Array(variant.body)]) };
    const second = await edit({ image: sent, strength: 0.6 });
    expect(second).toMatchObject({ cache: 'HIT', imageIds: first.imageIds, sourceId: null, editMode: 'STRENGTH' });
    expect(second.fingerprint).toBe(first.fingerprint);
    expect(await edit({ image: id, strength: 0.6, cache: 'ONLY' })).toMatchObject({ cache: 'HIT' });
    expect(engine.jobs).toHaveLength(2);
  });

  it('differs with everything that decides its pixels', async () => {
    const { edit, engine } = await studioWith();
    const mask = await upload(leftHalf(100, 80));
    const other = await upload(waves(104, 80));
    const lora = (id: string, weight: number) => ({ strength: 0.6, loras: [{ id, weight }] });
    const all: Partial<EditRequest>[] = [
      { strength: 0.6 },
      { strength: 0.7 },
      { strength: 0.6, steps: 9 },
      { strength: 0.6, image: other },
      { mask },
      { mask, strength: 0.6 },
      { mask: await upload(leftHalf(52, 40)), image: other, strength: 0.6 },
      lora('ink', 1),
      lora('ink', 0.5),
      lora('oil', 1),
      {},
      { references: [other] },
      { references: [other, mask] },
      { references: [mask, other] },
      { guidance: 3 },
      { guidanceNormalization: 1 },
      { guidanceTruncation: 0.8 },
      { negativePrompt: 'blurry' },
    ];
    const made = [];
    for (const changes of all) made.push((await edit(changes)).fingerprint);
    expect(new Set(made).size).toBe(all.length);
    expect(engine.jobs).toHaveLength(all.length);
  });

  it('does not differ by what changes nothing', async () => {
    const { edit, engine } = await studioWith();
    const [ink, oil] = [
      { id: 'ink', weight: 1 },
      { id: 'oil', weight: -0.5 },
    ];
    await edit({ strength: 0.6, loras: [ink, oil] });
    expect(await edit({ strength: 0.6, loras: [oil, ink] })).toMatchObject({ cache: 'HIT', loras: [ink, oil] });
    await edit({ strength: 0.6 });
    expect(await edit({ strength: 0.6, loras: [{ id: 'ink', weight: 0 }] })).toMatchObject({ cache: 'HIT' });
    await edit({ guidance: 0 });
    expect(await edit({ guidance: 0, guidanceTruncation: 0.5, guidanceNormalization: 2 })).toMatchObject({
      cache: 'HIT',
    });
    const mask = await upload(leftHalf(100, 80));
    await edit({ mask });
    expect(await edit({ mask: await upload(leftHalf(200, 160)) })).toMatchObject({ cache: 'HIT' });
    expect(engine.jobs).toHaveLength(4);
  });

  it('is another when a LoRA’s file is', async () => {
    const dataDir = newFolder();
    const loras = [{ id: 'ink', weight: 1 }];
    const { edit, service } = await studioWith({ dataDir });
    await edit({ strength: 0.6, loras });
    await service.close(0);
    const changed = await studioWith({ dataDir, loraContent: () => 'trained again' });
    expect(await changed.edit({ strength: 0.6, loras })).toMatchObject({ cache: 'MISS' });
    expect(await changed.edit({ strength: 0.6 })).toMatchObject({ cache: 'MISS' });
  });
});

describe('an image', () => {
  it('that is larger than the model takes is scaled down, keeping its ratio, where no pixel is promised', async () => {
    const { edit, jobs } = await studioWith();
    const image = await upload(waves(1000, 200));
    expect(await edit({ image, strength: 0.6 })).toMatchObject({ width: 512, height: 102 });
    expect(jobs()[0]!.source).toMatchObject({ width: 512, height: 102 });
    expect(await edit({ image: await upload(waves(400, 400)), strength: 0.6 })).toMatchObject({
      ...{ width: 256, height: 256 },
    });
  });

  it('has to have the model’s size where pixels are promised, and may never be too small', async () => {
    const { refusal } = await studioWith();
    const mask = await upload(leftHalf(100, 20));
    const cases: [number, number, Partial<EditRequest>, string][] = [
      [1000, 200, { mask }, 'at most 512 pixels on each side but received 1000 × 200.'],
      [400, 300, { mask }, 'at most 65536 pixels in all but received 400 × 300.'],
      [48, 64, { mask }, 'at least 64 pixels on each side but received 48 × 64.'],
      [48, 64, { strength: 0.6 }, 'at least 64 pixels on each side but received 48 × 64.'],
    ];
    for (const [width, height, changes, message] of cases) {
      const refused = await refusal({ ...changes, image: await upload(waves(width, height)) });
      expect(refused).toBeInstanceOf(InvalidInput);
      expect(refused).toMatchObject({ field: 'image', message: `Expected \`image\` to be ${message}` });
    }
    const narrow = await refusal({ image: await upload(waves(1000, 100)), strength: 0.6 });
    expect(narrow.message).toContain('scaled down to what the model takes but received 1000 × 100, which would be');
  });

  it('that was never here, or had to leave, is a NotFound', async () => {
    const { edit, refusal, service } = await studioWith({ env: { IMAGE_STORE_BYTES: '6000' } });
    expect(await refusal({ image: { id: '0'.repeat(64) }, strength: 0.6 })).toBeInstanceOf(NotFound);
    const { imageIds } = await service.generate({ ...wish, model: 'painter' }, untilDone);
    const image = { id: imageIds[0]! };
    expect(await edit({ image, strength: 0.6 })).toMatchObject({ status: 'SUCCEEDED' });
    for (let seed = 0; seed < 4; seed++) await service.generate({ ...wish, seed, prompt: 'x' }, untilDone);
    const gone = await refusal({ image, strength: 0.5 });
    expect(gone).toBeInstanceOf(NotFound);
    expect(gone.message).toContain('no longer kept');
  });

  it('is on disk before its generation is told', async () => {
    const dataDir = newFolder();
    const { open, through } = door();
    const engine = new ScriptedEngine({ beforeStep: through });
    const service = await studioFor({ dataDir, engines: [engine], catalog });
    const image = await upload(photo);
    const { id } = await service.edit({ ...wish, image, mask: await upload(leftHalf(100, 80)) }, stays());
    const kept = readdirSync(join(dataDir, 'sources'), { recursive: true }).filter((name) => /\.png$/.test(`${name}`));
    expect(kept).toHaveLength(2);
    open();
    expect(await ended(service, { id })).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('that had to make room while its job waited fails the job with a sentence, and may be sent again', async () => {
    const { open, through } = door();
    const engine = new ScriptedEngine({ beforeStep: through });
    const service = await studioFor({ engines: [engine], catalog, env: { SOURCE_STORE_BYTES: '1' } });
    const ask = async (width: number) =>
      service.edit({ ...wish, strength: 0.6, image: await upload(waves(width, 64)) }, stays());
    const first = await ask(64);
    const [second, third] = [await ask(80), await ask(96)];
    open();
    expect(await ended(service, first)).toMatchObject({ status: 'SUCCEEDED' });
    expect(await ended(service, second)).toMatchObject({
      status: 'FAILED',
      problem: { code: 'Failed', retryable: true, message: expect.stringContaining('make room') },
    });
    expect(await ended(service, third)).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('is not kept for a request that is refused or remembered', async () => {
    const dataDir = newFolder();
    const { open, through } = door();
    const engine = new ScriptedEngine({ beforeStep: through });
    const env = { QUEUE_LIMIT: '0' };
    const service = await studioFor({ dataDir, engines: [engine], catalog, env });
    const running = await service.generate(wish, stays());
    const request = { ...wish, strength: 0.6, image: await upload(photo) };
    await expect(service.edit(request, stays())).rejects.toBeInstanceOf(QueueFull);
    await expect(service.edit({ ...request, cache: 'ONLY' }, stays())).rejects.toBeInstanceOf(NotCached);
    const kept = readdirSync(join(dataDir, 'sources'), { recursive: true }).filter((name) => /\.png$/.test(`${name}`));
    expect(kept).toEqual([]);
    open();
    await ended(service, running);
  });
});

describe('a refusal of an edit names the field, what was expected and what came', async () => {
  const mask = { mask: await upload(leftHalf(100, 80)) };
  const image = await upload(photo);
  const cases: [string, Partial<EditRequest>, string, string][] = [
    ['no words', { prompt: ' ' }, 'prompt', 'to be not empty but received " "'],
    ['a strength beyond 1', { strength: 1.1 }, 'strength', 'between 0 and 1 but received 1.1'],
    ['a strength that is no number', { strength: Number.NaN }, 'strength', 'between 0 and 1 but received NaN'],
    ['a strength of nothing', { strength: 0 }, 'strength', 'enough for one of 8 steps to run but received 0'],
    ['a mask’s strength of nothing', { ...mask, strength: 0 }, 'strength', 'enough for one of 8 steps'],
    ['a black mask', { mask: await upload(black(100, 80)) }, 'mask', 'white somewhere but received only black'],
    [
      'a mask of another shape',
      { mask: await upload(leftHalf(80, 80)) },
      'mask',
      "of the image's shape, 100 × 80 but received 80 × 80",
    ],
    ['a mask that is none', { mask: { upload: new Blob(['no image']) } }, 'mask.upload', 'but received'],
    ['an image that is none', { image: { upload: new Blob(['no image']) } }, 'image.upload', 'but received'],
    [
      'a model that cannot edit at all',
      { model: 'tiny', strength: 0.6 },
      'model',
      'one that can EDIT by STRENGTH but received tiny, which can GENERATE',
    ],
    [
      'a model that cannot edit by words',
      { model: 'painter' },
      'model',
      'EDIT by INSTRUCTION but received painter, which can GENERATE, EDIT by INPAINT or STRENGTH, REFINE',
    ],
    ['a model that takes no mask', { ...mask, model: 'Follower' }, 'model', 'which can EDIT by INSTRUCTION'],
    ['more images beside a mask', { ...mask, references: [image] }, 'references', 'left out'],
    [
      'too many images',
      { references: [image, image, image] },
      'references',
      'at most 2 images, as follower takes, but received 3',
    ],
    [
      'a further image that is none',
      { references: [image, { upload: new Blob(['x']) }] },
      'references.1.upload',
      'but received',
    ],
    ['an image given twice', { image: { ...image, url: 'http://a.test/' } }, 'image', 'exactly one of'],
    ['guidance', { guidance: 21 }, 'guidance', 'between 0 and 20 but received 21'],
    ['normalisation', { guidanceNormalization: -1 }, 'guidanceNormalization', 'between 0 and 10 but received -1'],
    ['truncation', { guidanceTruncation: 1.5 }, 'guidanceTruncation', 'between 0 and 1 but received 1.5'],
    [
      'truncation without guidance',
      { strength: 0.6, guidanceTruncation: 0.5 },
      'guidanceTruncation',
      'left out, as painter takes no guidance, but received 0.5',
    ],
    [
      'a LoRA that nobody knows',
      { strength: 0.6, loras: [{ id: 'x', weight: 1 }] },
      'loras.0.id',
      'one that painter lists (ink, oil) but received "x"',
    ],
    [
      'a LoRA where there is none',
      { loras: [{ id: 'ink', weight: 1 }] },
      'loras.0.id',
      'left out, as follower has none, but received "ink"',
    ],
    [
      'a LoRA twice',
      { strength: 0.6, loras: Array(2).fill({ id: 'ink', weight: 1 }) },
      'loras.1.id',
      'named only once',
    ],
    [
      'a weight beyond all measure',
      { strength: 0.6, loras: [{ id: 'ink', weight: 9 }] },
      'loras.0.weight',
      'between −8 and 8 but received 9',
    ],
  ];

  it.each(cases)('%s', async (_, changes, field, message) => {
    const { refusal, engine } = await studioWith();
    const refused = await refusal(changes);
    expect(refused).toBeInstanceOf(InvalidInput);
    expect(refused.field).toBe(field);
    expect(refused.message).toContain(message);
    expect(refused.message).toMatch(/^Expected .* but received .*\.$/);
    expect(engine.jobs).toHaveLength(0);
  });

  it('no model here can', async () => {
    const { refusal } = await studioWith({ catalog: [tiny, painter] });
    expect(await refusal({})).toMatchObject({
      field: 'model',
      message: 'Expected `model` to be one that can EDIT by INSTRUCTION but received none, and no model here can.',
    });
  });
});
