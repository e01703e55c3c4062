import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ModelEntry, readCatalog } from '../../src/engine/catalog.js';
import { entryFromCheckpoint } from '../../src/engine/checkpoint.js';
import type { GenerateJob, Pixels } from '../../src/engine/job.js';
import { fixtures, temporaryFolder } from './checkpoints.js';
import { engineWith, job, run, withItems } from './engines.js';

const [inkling] = readCatalog(join(import.meta.dirname, '..', '..', 'models', 'catalog.json')) as [ModelEntry];
const picture: GenerateJob = { ...job, model: 'a', width: 256, height: 256 };

/** A model for which pictures of 256 × 256 are the rule. */
function sized(entry: ModelEntry, id: string): ModelEntry {
  return { ...entry, id, defaults: { ...entry.defaults, width: 256, height: 256 } };
}

/** A copy of the tiny checkpoint, so that it shares no file with another. */
function copied(id: string): { entry: ModelEntry; folder: string } {
  const folder = join(temporaryFolder(), id);
  cpSync(join(fixtures, 'tiny-turbo'), folder, { recursive: true });
  return { entry: sized(entryFromCheckpoint(folder), id), folder };
}

/** The least budget with which a model runs, as its refusal says. */
async function leastBudget(entry: ModelEntry): Promise<number> {
  const load = engineWith({ catalog: [entry], memoryBudgetBytes: 1 }).load(entry.id);
  const refusal = await load.then(
    () => '',
    (error: Error) => error.message,
  );
  expect(refusal).toMatch(
    /^Expected an ENGINE_MEMORY of at least \d+ bytes, which the [\w ]+ needs, but received 1\.$/,
  );
  return Number(/\d+/.exec(refusal)![0]);
}

/** (A failed `toEqual` of so many values would be minutes in telling the difference.) */
function same(a: Pixels, b: Pixels): boolean {
  return Buffer.compare(a.data, b.data) === 0;
}

/** Peak signal-to-noise ratio in decibels. */
function psnr(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2;
  return 10 * Math.log10(255 ** 2 / (sum / a.length));
}

describe('a budget of memory', () => {
  it('under what the largest component needs is refused with that number, and with that number the model draws', async () => {
    const entry = sized(inkling, 'a');
    const least = await leastBudget(entry);
    await expect(engineWith({ catalog: [entry], memoryBudgetBytes: least - 1 }).load('a')).rejects.toThrow(`${least}`);
    const engine = engineWith({ catalog: [entry], memoryBudgetBytes: least });
    await engine.load('a');
    expect(engine.loaded()).toEqual(['a']);
    const small = withItems(picture, { prompt: 'a red house' });
    const inTurn = await run(engine, small);
    // With no byte to spare the decoder works in tiles.
    const whole = await run(engineWith({ catalog: [entry] }), small);
    expect(psnr(inTurn.data, whole.data)).toBeGreaterThan(40);
    expect(same(await run(engine, small), inTurn)).toBe(true);
  });

  it('is shared by models: the one used longest ago leaves when another does not fit', async () => {
    const catalog = [copied('a').entry, copied('b').entry];
    const small = engineWith({ catalog, memoryBudgetBytes: 28_000_000 });
    await run(small, picture);
    expect(small.loaded()).toEqual(['a']);
    await run(small, { ...picture, model: 'b' });
    expect(small.loaded()).toEqual(['b']);
    const large = engineWith({ catalog });
    await run(large, picture);
    await run(large, { ...picture, model: 'b' });
    expect(large.loaded()).toEqual(['b', 'a']);
  });

  it('is spent once on files that two models share', async () => {
    const { entry } = copied('a');
    const engine = engineWith({ catalog: [entry, { ...entry, id: 'twin' }], memoryBudgetBytes: 28_000_000 });
    const first = await run(engine, picture);
    const second = await run(engine, { ...picture, model: 'twin' });
    expect(same(second, first)).toBe(true);
    expect(engine.loaded()).toEqual(['twin', 'a']);
  });

  it('that is short decodes in tiles, 40 dB and more from the whole', async () => {
    const large = { ...picture, ...inkling.defaults, model: inkling.id, width: 512, height: 512, steps: 4 };
    const changes = { catalog: [inkling], threads: 2 };
    const whole = await run(engineWith(changes), large);
    const least = await leastBudget(inkling);
    const tiled = await run(engineWith({ ...changes, memoryBudgetBytes: Math.ceil(least * 1.15) }), large);
    expect(same(tiled, whole)).toBe(false);
    expect(psnr(tiled.data, whole.data)).toBeGreaterThan(40);
  });
});
