import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readCatalog } from '../../src/catalog/catalog.js';
import type { EditJob, Pixels, RefineJob, Region } from '../../src/engine/engine.js';
import { engineWith, job, prompt, run, sampled, withItems } from './engines.js';
import { differing, editJob, maskOf, refineJob, within } from './images.js';

const file = join(import.meta.dirname, '..', '..', 'models', 'catalog.json');

/** Of 255 levels, root of the mean square. */
function distance(a: Pixels, b: Pixels): number {
  const sum = a.data.reduce((total, value, i) => total + (value - b.data[i]!) ** 2, 0);
  return Math.sqrt(sum / a.data.length);
}

async function blurredIn({ x, y, width, height }: Region, { data, ...size }: Pixels): Promise<Pixels> {
  const whole = sharp(data, { raw: { ...size, channels: 3 } });
  const region = { left: x, top: y, width, height };
  const soft = await sharp(await whole.clone().blur(4.5).toBuffer(), { raw: { ...size, channels: 3 } })
    .extract(region)
    .png()
    .toBuffer();
  const blurred = await whole
    .composite([{ input: soft, left: x, top: y }])
    .removeAlpha()
    .raw()
    .toBuffer();
  return { ...size, data: new Uint8Array(blurred) };
}

describe.skipIf(!existsSync(file))('the embedded model', () => {
  it('changes an image the more the stronger, and repaints a hole without a trace outside', async () => {
    const catalog = readCatalog(file);
    const [{ id }] = catalog as [(typeof catalog)[0]];
    const engine = engineWith({ catalog, threads: 2 });
    const dog = prompt('一只狗在左边，草地背景');
    const source = await run(engine, {
      ...sampled(withItems(job, { prompt: dog }), { steps: 8 }),
      ...{ model: id, width: 128, height: 128 },
    });
    const drawing = { model: id, prompt: dog, source };

    const changed = (strength: number): EditJob => ({ ...editJob, ...drawing, strength });
    const near = distance(source, await run(engine, changed(0.2)));
    const far = distance(source, await run(engine, changed(1)));
    expect(near).toBeLessThan(far / 1.5);

    const hole = { x: 40, y: 40, width: 50, height: 50 };
    const mask = maskOf(hole, 128, 128);
    const repaint: EditJob = {
      ...editJob,
      ...drawing,
      mode: 'INPAINT',
      mask,
      strength: 1,
      prompt: prompt('a red car'),
    };
    const repainted = await run(engine, repaint);
    expect(differing(source, repainted, (x, y) => !within(hole, x, y))).toBe(0);
    expect(differing(source, repainted)).toBeGreaterThan(2000);
  });

  it('brings back the detail of a region that was blurred, and leaves no trace outside', async () => {
    const catalog = readCatalog(file);
    const drawer = catalog.find(({ operations }) => operations.includes('GENERATE'))!;
    const refiner = catalog.find(({ operations }) => operations.includes('REFINE'))!;
    const engine = engineWith({ catalog, threads: 2 });
    const tiger = prompt('a tiger in the center, grass background');
    const drawn = await run(engine, {
      ...sampled(withItems(job, { prompt: tiger }), { steps: 8 }),
      model: drawer.id,
      width: 256,
      height: 256,
    });
    const region = { x: 72, y: 72, width: 112, height: 112 };
    const source = await blurredIn(region, drawn);

    const { refineSteps: steps, refineStrength: strength } = refiner.defaults;
    const refinement: RefineJob = {
      ...sampled(refineJob, { steps }),
      model: refiner.id,
      prompt: tiger,
      source,
      regions: [region],
      strength,
    };
    const refined = await run(engine, refinement);
    expect(differing(source, refined, (x, y) => !within(region, x, y))).toBe(0);
    expect(distance(drawn, refined)).toBeLessThan(0.8 * distance(drawn, source));
  });
});
