import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalog } from '../../src/engine/catalog.js';
import type { EditJob, Pixels, RefineJob } from '../../src/engine/job.js';
import { engineWith, job, run } from './engines.js';
import { differing, editJob, maskOf, refineJob, within } from './pictures.js';

const file = join(import.meta.dirname, '..', '..', 'models', 'catalog.json');

/** Of 255 levels, root of the mean square. */
function distance(a: Pixels, b: Pixels): number {
  const sum = a.data.reduce((total, value, i) => total + (value - b.data[i]!) ** 2, 0);
  return Math.sqrt(sum / a.data.length);
}

describe.skipIf(!existsSync(file))('the embedded model', () => {
  it('changes a picture the more the stronger, repaints a hole, and refines without a trace outside', async () => {
    const catalog = readCatalog(file);
    const [{ id }] = catalog as [(typeof catalog)[0]];
    const engine = engineWith({ catalog, threads: 2 });
    const prompt = '一只狗在左边，草地背景';
    const source = await run(engine, { ...job, model: id, steps: 8, width: 128, height: 128, prompt });
    const drawing = { model: id, prompt, source };

    const changed = (strength: number): EditJob => ({ ...editJob, ...drawing, strength });
    const near = distance(source, await run(engine, changed(0.2)));
    const far = distance(source, await run(engine, changed(1)));
    expect(near).toBeLessThan(far / 1.5);

    const hole = { x: 40, y: 40, width: 50, height: 50 };
    const mask = maskOf(hole, 128, 128);
    const repaint: EditJob = { ...editJob, ...drawing, mode: 'INPAINT', mask, strength: 1, prompt: 'a red car' };
    const repainted = await run(engine, repaint);
    expect(differing(source, repainted, (x, y) => !within(hole, x, y))).toBe(0);
    expect(differing(source, repainted)).toBeGreaterThan(2000);

    const refinement: RefineJob = { ...refineJob, ...drawing, regions: [hole] };
    const refined = await run(engine, refinement);
    expect(differing(source, refined, (x, y) => !within(hole, x, y))).toBe(0);
    expect(differing(source, refined)).toBeGreaterThan(1000);
    expect(distance(source, refined)).toBeLessThan(distance(source, repainted));
  });
});
