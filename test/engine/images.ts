import { unguided } from '../../src/domain/sampling.js';
import type { EditJob, Mask, Pixels, RefineJob, Region } from '../../src/engine/engine.js';

/** A made image, pixel by pixel. */
export function image(width: number, height: number, colour: (x: number, y: number) => readonly number[]): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set(colour(x, y), (y * width + x) * 3);
  return { width, height, data };
}

/** Slow waves of colour: no detail anywhere, and no two pixels in a row alike. */
export function waves(width: number, height: number): Pixels {
  const wave = (t: number) => 128 + 100 * Math.sin(t / 20);
  return image(width, height, (x, y) => [wave(x), wave(y), wave(x + y)]);
}

export function within({ x, y, width, height }: Region, px: number, py: number): boolean {
  return px >= x && px < x + width && py >= y && py < y + height;
}

/** White where a region is. */
export function maskOf(region: Region, width: number, height: number): Mask {
  const data = Uint8Array.from({ length: width * height }, (_, i) =>
    within(region, i % width, Math.floor(i / width)) ? 255 : 0,
  );
  return { width, height, data };
}

/** How many pixels differ, of those that the test asks about. */
export function differing(a: Pixels, b: Pixels, asked: (x: number, y: number) => boolean = () => true): number {
  let count = 0;
  for (let i = 0; i < a.width * a.height; i++)
    if (asked(i % a.width, Math.floor(i / a.width)) && [0, 1, 2].some((c) => a.data[3 * i + c] !== b.data[3 * i + c]))
      count++;
  return count;
}

const drawing = {
  model: 'tiny-turbo',
  prompt: { text: 'a red house', negative: '' },
  sampling: { ...unguided, steps: 8, loras: [] },
  previews: false,
  seed: 7,
};

export const editJob: EditJob = {
  ...drawing,
  operation: 'EDIT',
  mode: 'STRENGTH',
  source: waves(64, 48),
  references: [],
  mask: null,
  strength: 0.6,
};

export const refineJob: RefineJob = {
  ...drawing,
  operation: 'REFINE',
  prompt: { text: '', negative: '' },
  sampling: { ...drawing.sampling, steps: 4 },
  source: waves(64, 48),
  mask: null,
  regions: null,
  strength: 0.35,
};
