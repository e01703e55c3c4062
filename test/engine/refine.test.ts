import { describe, expect, it } from 'vitest';
import type { EngineEvent, EngineResult, Pixels, RefineJob } from '../../src/engine/engine.js';
import { changedTurbo } from './checkpoints.js';
import { engineWith, prompt, run, runUntilStep, sampled } from './engines.js';
import { differing, image, maskOf, refineJob, waves, within } from './images.js';

const box = { x: 37, y: 21, width: 40, height: 33 };
const source = waves(100, 75);

async function refined(engine: ReturnType<typeof engineWith>, changes: Partial<RefineJob>): Promise<EngineResult> {
  return engine.run(
    { ...refineJob, source, ...changes },
    { signal: new AbortController().signal, deadlineMs: 60_000, onEvent: () => {} },
  );
}

/** Pixel letters: strokes 3 pixels wide, black on white, of a pattern that a number decides. */
function lettering({ x, y }: { x: number; y: number }, into: Pixels): Pixels {
  const data = Uint8Array.from(into.data);
  const glyphs = [0b111101111101101, 0b110101110101110, 0b111100110100111, 0b111010010010111];
  for (const [i, glyph] of glyphs.entries())
    for (let row = 0; row < 15; row++)
      for (let column = 0; column < 9; column++) {
        const bit = (glyph >> (14 - (3 * Math.floor(row / 3) + Math.floor(column / 3)))) & 1;
        data.fill(
          bit === 1 ? 10 : 240,
          3 * ((y + row) * into.width + x + 12 * i + column),
          3 * ((y + row) * into.width + x + 12 * i + column) + 3,
        );
      }
  return { ...into, data };
}

describe('a refinement', () => {
  it('of a region changes it and not a byte outside, whatever the image’s size', async () => {
    const { images, regions } = await refined(engineWith(), { regions: [box] });
    expect(regions).toEqual([box]);
    expect(differing(source, images[0]!, (x, y) => !within(box, x, y))).toBe(0);
    expect(differing(source, images[0]!, (x, y) => within(box, x, y))).toBeGreaterThan(800);
  });

  it('fades towards the edge of its region', async () => {
    const { images } = await refined(engineWith(), { regions: [box], strength: 1 });
    const change = (inset: number) => {
      const [left, top] = [box.x + inset, box.y + inset];
      const [right, bottom] = [box.x + box.width - 1 - inset, box.y + box.height - 1 - inset];
      let [sum, count] = [0, 0];
      for (let y = top; y <= bottom; y++)
        for (let x = left; x <= right; x++) {
          if (x !== left && x !== right && y !== top && y !== bottom) continue;
          for (const c of [0, 1, 2])
            sum += Math.abs(source.data[3 * (y * 100 + x) + c]! - images[0]!.data[3 * (y * 100 + x) + c]!);
          count++;
        }
      return sum / count;
    };
    expect(change(0)).toBeLessThan(change(9) / 3);
  });

  it('takes a mask, regions, or both, and reports the boxes of what it improved', async () => {
    const engine = engineWith();
    const spot = { x: 3, y: 5, width: 12, height: 10 };
    const masked = await refined(engine, { mask: maskOf(box, 100, 75) });
    expect(masked.regions).toEqual([box]);
    expect(masked.images[0]!.data).toEqual((await refined(engine, { regions: [box] })).images[0]!.data);
    const both = await refined(engine, { mask: maskOf(box, 100, 75), regions: [spot] });
    expect(both.regions).toEqual([spot, box]);
    const outside = (x: number, y: number) => !within(box, x, y) && !within(spot, x, y);
    expect(differing(source, both.images[0]!, outside)).toBe(0);
    expect(differing(source, both.images[0]!, (x, y) => within(spot, x, y))).toBeGreaterThan(60);
  });

  it('keeps a region that reaches over the image’s edge within it', async () => {
    const { regions } = await refined(engineWith(), { regions: [{ x: 80, y: 60, width: 50, height: 50 }] });
    expect(regions).toEqual([{ x: 80, y: 60, width: 20, height: 15 }]);
  });

  it('spreads its forwards over the noise below its strength', async () => {
    const events: EngineEvent[] = [];
    await run(engineWith(), { ...refineJob, regions: [box], source }, { onEvent: (event) => events.push(event) });
    const steps = events.filter((event) => event.type === 'step');
    expect(steps.map(({ step, totalSteps }) => [step, totalSteps])).toEqual([1, 2, 3, 4].map((step) => [step, 4]));
    expect(steps.map(({ sigma }) => Number(sigma.toFixed(3)))).toEqual([0.516, 0.389, 0.223, 0]);
    const stages = events.flatMap((event) => (event.type === 'stage-started' ? [event.stage] : []));
    expect(stages).toEqual(['LOAD', 'ENCODE_IMAGE', 'ENCODE_PROMPT', 'DENOISE', 'DECODE']);
  });

  it('is the same for the same seed, another for another, and reads its prompt', async () => {
    const engine = engineWith();
    const make = async (changes: Partial<RefineJob>) =>
      (await refined(engine, { regions: [box], ...changes })).images[0]!.data;
    const first = await make({});
    expect(await make({})).toEqual(first);
    const { sampling } = sampled(refineJob, { guidance: 3 });
    for (const changes of [{ seed: 8 }, { prompt: prompt('一只橘色的猫') }, { sampling, prompt: prompt('', 'blurry') }])
      expect(await make(changes)).not.toEqual(first);
  });

  it('finds lettering and fine texture by itself, and leaves all else as it was', async () => {
    const dither = image(256, 192, (x, y) => {
      const fine = x >= 160 && x < 224 && y >= 112 && y < 160;
      return fine ? Array(3).fill((x * 7 + y * 13) % 5 < 2 ? 90 : 160) : [120, 160, 200];
    });
    const made = lettering({ x: 30, y: 25 }, dither);
    const { images, regions } = await refined(engineWith(), { source: made });
    expect(regions).toHaveLength(2);
    for (const [x, y] of [
      [30, 25],
      [74, 39],
      [160, 112],
      [223, 159],
    ] as const)
      expect(
        regions.some((region) => within(region, x, y)),
        `(${x}, ${y})`,
      ).toBe(true);
    expect(regions.reduce((sum, { width, height }) => sum + width * height, 0)).toBeLessThan((256 * 192) / 3);
    expect(differing(made, images[0]!, (x, y) => !regions.some((region) => within(region, x, y)))).toBe(0);
    expect(differing(made, images[0]!)).toBeGreaterThan(1000);
  });

  it.each([
    ['flat', image(96, 64, () => [40, 90, 140])],
    ['smooth', waves(96, 64)],
    [
      'of large shapes',
      image(96, 64, (x, y) => ((x - 48) ** 2 + (y - 32) ** 2 < 400 ? [220, 40, 40] : [230, 230, 240])),
    ],
  ])('finds nothing in an image that is %s: it comes back as it was, and no forward is run', async (_what, plain) => {
    const events: EngineEvent[] = [];
    const engine = engineWith();
    const { images, regions } = await engine.run(
      { ...refineJob, source: plain },
      { signal: new AbortController().signal, deadlineMs: 60_000, onEvent: (event) => events.push(event) },
    );
    expect(regions).toEqual([]);
    expect(images).toEqual([plain]);
    expect(events.filter(({ type }) => type === 'step')).toEqual([]);
  });

  it('of an image that the encoder makes infinite fails with NonFinite before the first step', async () => {
    const entry = changedTurbo('vae', (weights) => weights.poison('encoder.conv_in.bias', Number.POSITIVE_INFINITY));
    const engine = engineWith({ catalog: [entry] });
    const failure = { code: 'NonFinite', step: 0, retryable: false };
    await expect(refined(engine, { model: entry.id, regions: [box] })).rejects.toMatchObject(failure);
  });

  it('stops within one step when it is aborted', async () => {
    const engine = engineWith();
    const abort = new AbortController();
    const steps: number[] = [];
    const long = sampled({ ...refineJob, source: waves(512, 512), regions: [box] }, { steps: 100 });
    const running = runUntilStep(engine, long, () => abort.abort(new Error('never mind')), {
      signal: abort.signal,
      onEvent: (event) => event.type === 'step' && steps.push(event.step),
    });
    await expect(running).rejects.toThrow('never mind');
    expect((await refined(engine, { regions: [box] })).regions).toEqual([box]);
    expect(steps).toEqual([1]);
  });
});
