import { describe, expect, it } from 'vitest';
import { InvalidInput, NotFound } from '../../src/domain/problems.js';
import type { RefineJob } from '../../src/engine/engine.js';
import type { RefineRequest } from '../../src/generation/types.js';
import { found, ScriptedEngine } from './engines.js';
import { follower, newFolder, painter, studioFor, tiny, untilDone } from './fixture.js';
import { differing, leftHalf, upload, waves } from './images.js';

const photo = waves(100, 80);
const box = { x: 4, y: 8, width: 96, height: 72 };

async function studioWith(more: Parameters<typeof studioFor>[0] = {}) {
  const engine = new ScriptedEngine();
  const service = await studioFor({ engines: [engine], catalog: [tiny, follower, painter], ...more });
  const refine = async (changes: Partial<RefineRequest> = {}) =>
    service.refine({ seed: 7, image: await upload(photo), ...changes }, untilDone);
  return { engine, service, refine, jobs: () => engine.jobs as readonly RefineJob[] };
}

describe('a refinement', () => {
  it('has its model’s own steps and strength, needs no words, and tells what was found', async () => {
    const { refine, jobs } = await studioWith();
    expect(await refine()).toMatchObject({
      ...{ operation: 'REFINE', status: 'SUCCEEDED', modelName: 'painter', prompt: '', editMode: null },
      ...{ steps: 3, strength: 0.25, step: 3, totalSteps: 3, width: 100, height: 80, regions: [found] },
    });
    expect(jobs()[0]).toMatchObject({
      operation: 'REFINE',
      mask: null,
      regions: null,
      strength: 0.25,
      sampling: { steps: 3 },
    });
    expect(differing(jobs()[0]!.source, photo)).toBe(0);
  });

  it('goes where it is told, by regions or by a mask', async () => {
    const { refine, jobs } = await studioWith();
    expect(await refine({ regions: [box], prompt: 'a cat', steps: 5, strength: 0.5 })).toMatchObject({
      ...{ regions: [box], steps: 5, totalSteps: 5, strength: 0.5, prompt: 'a cat' },
    });
    await refine({ mask: await upload(leftHalf(100, 80)) });
    expect(jobs()[0]).toMatchObject({ regions: [box], mask: null });
    expect(jobs()[1]).toMatchObject({ regions: null, mask: { width: 100, height: 80 } });
  });

  it('that is remembered still tells what was found, also after a restart', async () => {
    const dataDir = newFolder();
    const { refine, service } = await studioWith({ dataDir });
    const first = await refine();
    expect(await refine()).toMatchObject({ cache: 'HIT', regions: [found], imageIds: first.imageIds });
    await service.close(0);
    const again = await studioWith({ dataDir });
    expect(await again.service.generation(first.id)).toEqual(first);
    expect(await again.refine()).toMatchObject({ cache: 'HIT', regions: [found] });
    expect(again.engine.jobs).toHaveLength(0);
  });

  it('differs with everything that decides its pixels', async () => {
    const { refine, engine } = await studioWith();
    const all: Partial<RefineRequest>[] = [
      {},
      { prompt: 'a cat' },
      { strength: 0.3 },
      { steps: 4 },
      { seed: 8 },
      { regions: [box] },
      { regions: [{ ...box, x: 3 }] },
      { mask: await upload(leftHalf(100, 80)) },
      { image: await upload(waves(96, 80)) },
      { loras: [{ id: 'ink', weight: 1 }] },
    ];
    for (const changes of all) expect(await refine(changes)).toMatchObject({ cache: 'MISS' });
    expect(engine.jobs).toHaveLength(all.length);
  });

  it('finds other regions where something else finds them; those that are given stay', async () => {
    const dataDir = newFolder();
    const { refine, service } = await studioWith({ dataDir });
    await refine();
    await refine({ regions: [box] });
    await service.close(0);
    const other = await studioWith({ dataDir, regionDetector: 'faces' });
    expect(await other.refine()).toMatchObject({ cache: 'MISS' });
    expect(await other.refine({ regions: [box] })).toMatchObject({ cache: 'HIT' });
  });
});

describe('a refusal of a refinement names the field, what was expected and what came', async () => {
  const mask = await upload(leftHalf(100, 80));
  const inside = 'inside of the image, which is 100 × 80 but received';
  const cases: [string, Partial<RefineRequest>, string, string][] = [
    ['mask and regions', { mask, regions: [box] }, 'regions', 'left out where there is a mask but received both'],
    ['no regions at all', { regions: [] }, 'regions', 'between 1 and 32 of them but received 0'],
    ['too many regions', { regions: Array(33).fill(box) }, 'regions', 'between 1 and 32 of them but received 33'],
    ['a region too wide', { regions: [box, { ...box, width: 97 }] }, 'regions.1', `${inside} 97 × 72 at 4, 8`],
    ['a region too high', { regions: [{ ...box, y: 9 }] }, 'regions.0', `${inside} 96 × 72 at 4, 9`],
    ['a region before the edge', { regions: [{ ...box, x: -1 }] }, 'regions.0', `${inside} 96 × 72 at -1, 8`],
    ['a region of nothing', { regions: [{ ...box, height: 0 }] }, 'regions.0', `${inside} 96 × 0 at 4, 8`],
    ['a strength of nothing', { strength: 0 }, 'strength', 'above 0 and at most 1 but received 0'],
    ['a strength beyond 1', { strength: 1.01 }, 'strength', 'above 0 and at most 1 but received 1.01'],
    ['a mask of another shape', { mask: await upload(leftHalf(100, 100)) }, 'mask', 'but received 100 × 100'],
    ['an image too large', { image: await upload(waves(520, 64)) }, 'image', 'at most 512 pixels on each side'],
    [
      'a model that cannot',
      { model: 'follower' },
      'model',
      'one that can REFINE but received follower, which can EDIT',
    ],
    ['no steps', { steps: 0 }, 'steps', 'between 1 and 100 but received 0'],
  ];

  it.each(cases)('%s', async (_, changes, field, message) => {
    const { refine, engine } = await studioWith();
    const refused = await refine(changes).catch((error) => error);
    expect(refused).toBeInstanceOf(InvalidInput);
    expect(refused.field).toBe(field);
    expect(refused.message).toContain(message);
    expect(engine.jobs).toHaveLength(0);
  });

  it('an image that never was', async () => {
    const { refine } = await studioWith();
    await expect(refine({ image: { id: '0'.repeat(64) } })).rejects.toBeInstanceOf(NotFound);
  });
});
