import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalog } from '../../src/catalog/catalog.js';
import { entryFromCheckpoint } from '../../src/catalog/entry-from-checkpoint.js';
import type { ModelEntry } from '../../src/domain/model-entry.js';
import type { EditJob, GenerateJob, Pixels } from '../../src/engine/engine.js';
import { fixtures, temporaryFolder } from './checkpoints.js';
import { engineWith, job, prompt, run, sampled, withItems } from './engines.js';
import { editJob, waves } from './images.js';

const [inkling] = readCatalog(join(import.meta.dirname, '..', '..', 'models', 'catalog.json')) as [ModelEntry];
const image: GenerateJob = { ...job, model: 'a', width: 256, height: 256 };

/** A model for which images of 256 × 256 are the rule. */
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

/** Levels that two images differ by, at most. */
function furthest(a: Pixels, b: Pixels): number {
  return a.data.reduce((most, level, i) => Math.max(most, Math.abs(level - b.data[i]!)), 0);
}

describe('a budget of memory', () => {
  it('under what the largest component needs is refused with that number, and with that number the model draws', async () => {
    const entry = sized(inkling, 'a');
    const least = await leastBudget(entry);
    await expect(engineWith({ catalog: [entry], memoryBudgetBytes: least - 1 }).load('a')).rejects.toThrow(`${least}`);
    const engine = engineWith({ catalog: [entry], memoryBudgetBytes: least });
    await engine.load('a');
    expect(engine.loaded()).toEqual(['a']);
    const small = withItems(image, { prompt: prompt('a red house') });
    const inTurn = await run(engine, small);
    // With no byte to spare the decoder works in rows.
    const whole = await run(engineWith({ catalog: [entry] }), small);
    expect(furthest(inTurn, whole)).toBeLessThanOrEqual(1);
    expect(same(await run(engine, small), inTurn)).toBe(true);
  });

  it('is shared by models: the one used longest ago leaves when another does not fit', async () => {
    const catalog = [copied('a').entry, copied('b').entry];
    const small = engineWith({ catalog, memoryBudgetBytes: 28_000_000 });
    await run(small, image);
    expect(small.loaded()).toEqual(['a']);
    await run(small, { ...image, model: 'b' });
    expect(small.loaded()).toEqual(['b']);
    const large = engineWith({ catalog });
    await run(large, image);
    await run(large, { ...image, model: 'b' });
    expect(large.loaded()).toEqual(['b', 'a']);
  });

  it('is spent once on files that two models share', async () => {
    const { entry } = copied('a');
    const engine = engineWith({ catalog: [entry, { ...entry, id: 'twin' }], memoryBudgetBytes: 28_000_000 });
    const first = await run(engine, image);
    const second = await run(engine, { ...image, model: 'twin' });
    expect(same(second, first)).toBe(true);
    expect(engine.loaded()).toEqual(['twin', 'a']);
  });

  it('decides nothing about an image of 512 × 512: short or ample, it is the same within a level', async () => {
    const job = sampled({ ...image, model: inkling.id, width: 512, height: 512 }, { steps: 1 });
    const changes = { catalog: [inkling], threads: 2 };
    const memoryBudgetBytes = Math.ceil((await leastBudget(inkling)) * 1.02);
    const [ample, short] = [engineWith(changes), engineWith({ ...changes, memoryBudgetBytes })];
    expect(furthest(await run(short, job), await run(ample, job))).toBeLessThanOrEqual(1);
  });

  it.each([
    [176, 368],
    [400, 144],
  ])('decides nothing about changing one of %d × %d, whose source is encoded in rows too', async (width, height) => {
    const { entry } = copied('a');
    const edit: EditJob = sampled({ ...editJob, model: 'a', source: waves(width, height) }, { steps: 2 });
    const whole = await run(engineWith({ catalog: [entry] }), edit);
    const least = await leastBudget(entry);
    for (const memoryBudgetBytes of [least, Math.ceil(1.3 * least)])
      expect(furthest(await run(engineWith({ catalog: [entry], memoryBudgetBytes }), edit), whole)).toBeLessThanOrEqual(
        1,
      );
  });

  it.each([1, 2])(
    'decides nothing about how images of one job come out: %d in a forward are as four',
    async (maxBatch) => {
      const { steps } = inkling.defaults;
      const small = sampled({ ...image, model: inkling.id, width: 128, height: 128 }, { steps });
      const four = withItems(small, ...[1, 2, 3, 4].map((seed) => ({ seed })));
      const all = async (most: number) => {
        const engine = engineWith({ catalog: [inkling], maxBatch: most, threads: 2 });
        const stop = new AbortController();
        return (await engine.run(four, { signal: stop.signal, deadlineMs: 60_000, onEvent() {} })).images;
      };
      const [few, many] = [await all(maxBatch), await all(4)];
      for (const [i, one] of few.entries()) expect(furthest(one, many[i]!)).toBeLessThanOrEqual(1);
    },
  );

  it('above a megapixel changes nothing either', async () => {
    const { entry } = copied('a');
    const job = sampled({ ...image, width: 1088, height: 1024 }, { steps: 1 });
    const [ample, short] = [engineWith({ catalog: [entry] }), engineWith({ catalog: [entry], memoryBudgetBytes: 2e8 })];
    expect(furthest(await run(short, job), await run(ample, job))).toBeLessThanOrEqual(1);
  });

  it('that is too short for an image says how much it takes', async () => {
    const memoryBudgetBytes = await leastBudget(copied('a').entry);
    const engine = engineWith({ catalog: [copied('a').entry], memoryBudgetBytes });
    await expect(run(engine, sampled({ ...image, width: 1024, height: 1024 }, { steps: 1 }))).rejects.toThrow(
      /^Expected an ENGINE_MEMORY of at least \d+ bytes, which the [\w ]+ needs, but received \d+\.$/,
    );
  });
});
