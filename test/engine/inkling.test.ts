import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalog } from '../../src/catalog/catalog.js';
import { engineWith, job, run } from './engines.js';

const file = join(import.meta.dirname, '..', '..', 'models', 'catalog.json');

describe.skipIf(!existsSync(file))('the embedded model', () => {
  it('draws the same image every time, also in another process', async () => {
    const catalog = readCatalog(file);
    const [{ id, defaults }] = catalog as [(typeof catalog)[0]];
    const image = { ...job, ...defaults, model: id, prompt: '一只狗在左边，草地背景', previews: true };
    const previews: number[] = [];
    const engine = engineWith({ catalog, threads: 2 });
    const first = await run(engine, image, {
      onEvent: (event) => event.type === 'step' && event.preview !== null && previews.push(event.step),
    });
    expect(previews.length).toBeGreaterThanOrEqual(2);
    // Neither black nor one colour.
    expect(new Set(first.data).size).toBeGreaterThan(100);
    expect((await run(engine, image)).data).toEqual(first.data);
    expect((await run(engineWith({ catalog, threads: 2 }), image)).data).toEqual(first.data);
  });
});
