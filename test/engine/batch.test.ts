import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalog } from '../../src/catalog/catalog.js';
import type { ModelEntry } from '../../src/domain/model-entry.js';
import type { EngineEvent, GenerateJob, Pixels } from '../../src/engine/engine.js';
import { engineWith, job, longJob, runUntilStep, withItems } from './engines.js';

const [inkling] = readCatalog(join(import.meta.dirname, '..', '..', 'models', 'catalog.json')) as [ModelEntry];
const seeds = [1, 2, 3, 4].map((seed) => ({ seed }));
const { width, height } = inkling.defaults;
const four = { ...withItems(job, ...seeds), width, height, model: inkling.id };

async function draw(maxBatch: number | null, what: GenerateJob, onEvent: (event: EngineEvent) => void = () => {}) {
  const engine = engineWith({ catalog: [inkling], threads: 2, maxBatch });
  const { images } = await engine.run(what, { signal: new AbortController().signal, deadlineMs: 60_000, onEvent });
  return images;
}

function largestDifference(a: Pixels, b: Pixels): number {
  return a.data.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b.data[i]!)), 0);
}

describe('several seeds in one job', () => {
  it('give the images that each would give by itself, whether in one forward or in parts', async () => {
    const together = await draw(4, four);
    const inParts = await draw(3, four);
    for (const [i, seed] of seeds.entries()) {
      const [alone] = await draw(4, withItems(four, seed));
      expect(largestDifference(together[i]!, alone!)).toBeLessThanOrEqual(1);
      expect(largestDifference(inParts[i]!, alone!)).toBeLessThanOrEqual(1);
    }
  });

  it.each([4, 1])('make every step together, told once an image, with %i in one forward', async (maxBatch) => {
    const steps: string[] = [];
    await draw(maxBatch, four, (event) => {
      if (event.type === 'step') steps.push(`${event.step}:${event.image}`);
    });
    const expected = [1, 2, 3, 4].flatMap((step) => [0, 1, 2, 3].map((image) => `${step}:${image}`));
    expect(steps).toEqual(expected);
  });

  it('stop within one step', async () => {
    const stop = new AbortController();
    const engine = engineWith({ maxBatch: 1 });
    const steps = new Set<number>();
    const stopped = runUntilStep(engine, withItems(longJob, ...seeds), () => stop.abort(new Error('enough')), {
      signal: stop.signal,
      onEvent: (event) => event.type === 'step' && steps.add(event.step),
    });
    await expect(stopped).rejects.toThrow('enough');
    expect([...steps]).toEqual([1]);
  });
});
