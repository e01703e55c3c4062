import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NotFound } from '../../src/domain/problems.js';
import type { UseCases } from '../../src/generation/types.js';
import { asCaller } from './as-caller.js';
import { door, ScriptedEngine } from './engines.js';
import { upload, waves } from './images.js';
import { eventsOf, newFolder, openService, painter, stays, untilDone } from './open-studio.js';

const { through, open } = door();
const engine = new ScriptedEngine({ beforeStep: (_, { sampling }) => (sampling.steps === 77 ? through() : undefined) });
const tenant = (name: string) => asCaller(service, { tenant: name, scopes: [] });
const dataDir = newFolder();
let service: UseCases;
beforeAll(async () => {
  service = await openService({ dataDir, engines: [engine], catalog: [painter] });
});
afterAll(() => service.close(0));

const cat = { prompt: 'a cat that only ours may know of', seed: 7 };
const asIs = { format: 'PNG', accept: '' } as const;

describe('a generation of one tenant', () => {
  it.each([
    ['that is finished', cat, untilDone],
    ['that runs', { ...cat, steps: 77 }, stays()],
  ])('%s does not exist for another: not by id, nor to cancel, nor its progress', async (_, request, options) => {
    const [ours, theirs] = [tenant('ours'), tenant('theirs')];
    const { id, status } = await ours.generate(request, options);
    expect(await ours.generation(id)).toMatchObject({ id, tenant: 'ours', prompt: cat.prompt });
    expect(await theirs.generation(id)).toBeNull();
    expect(await theirs.generations([id, randomUUID()])).toEqual([null, null]);
    // The same words as of an id that never was.
    const refusal = (unknown: string) => new NotFound(`There is no generation ${JSON.stringify(unknown)}.`);
    await expect(theirs.cancel(id)).rejects.toThrow(refusal(id).message);
    await expect(eventsOf(theirs, id)).rejects.toThrow(refusal(id).message);
    expect((await ours.generation(id))!.status).toBe(status);
    expect((await ours.cancel(id)).id).toBe(id);
  });

  it('waits in that tenant’s turn, and its jobs say whose they are', async () => {
    const steps = 77;
    const first = await tenant('ours').generate({ ...cat, seed: 20, steps }, stays());
    const second = await tenant('ours').generate({ ...cat, seed: 21 }, stays());
    const other = await tenant('theirs').generate({ ...cat, seed: 22 }, stays());
    open();
    const ended = async (name: string, id: string) => (await eventsOf(tenant(name), id)).at(-1)!.generation.finishedAt!;
    await ended('ours', first.id);
    expect(await ended('theirs', other.id)).toBeLessThanOrEqual(await ended('ours', second.id));
  });

  it('shares an image with an equal request of another, and nothing else', async () => {
    const ours = await tenant('ours').generate({ ...cat, seed: 30 }, untilDone);
    const theirs = await tenant('theirs').generate({ ...cat, seed: 30 }, untilDone);
    expect(theirs).toMatchObject({ cache: 'HIT', imageIds: ours.imageIds, tenant: 'theirs' });
    expect(theirs.id).not.toBe(ours.id);
  });
});

describe('an image', () => {
  it('is readable by its address for all that know it', async () => {
    const { imageIds } = await tenant('ours').generate({ ...cat, seed: 40 }, untilDone);
    expect(await service.variant(imageIds[0]!, asIs)).toMatchObject({ outcome: 'found' });
  });

  it('that a tenant sent is nothing that another can name', async () => {
    const edit = { prompt: 'a dog', strength: 0.5, seed: 1 };
    await tenant('ours').edit({ ...edit, image: await upload(waves(80, 64)) }, untilDone);
    const files = readdirSync(join(dataDir, 'sources'), { recursive: true, encoding: 'utf8' });
    const stored = files.filter((file) => file.endsWith('.png')).map((file) => basename(file, '.png'));
    expect(stored).toHaveLength(1);
    for (const id of stored)
      await expect(tenant('theirs').edit({ ...edit, image: { id } }, untilDone)).rejects.toBeInstanceOf(NotFound);
  });
});
