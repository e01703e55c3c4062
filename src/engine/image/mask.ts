import { LATENT_CELL } from '../../domain/latent.js';
import type { Mask, Pixels, Region } from '../engine.js';
import type { Tensor } from '../runtime/tensor.js';
import { around, merged, parts } from './boxes.js';
import { thickness, thinPixels } from './thickness.js';

// Masks that are computed with are tensors [1, 1, H, W] of 0 (kept) … 1 (repainted).

/** From this grey on a mask's pixel is white. */
const WHITE = 128;
const MOST_BOXES = 8;
/** Pixels that a stroke must stand out from a thick part to be a stroke. */
const ROUGHNESS = 3;

/** White is 1, black is 0, and nothing lies between. */
export function binarised({ width, height, data }: Mask): Tensor {
  return { shape: [1, 1, height, width], data: Float32Array.from(data, (grey) => (grey >= WHITE ? 1 : 0)) };
}

/** White where a region covers the image. */
export function covering(regions: readonly Region[], { width, height }: Pixels): Mask {
  const data = new Uint8Array(width * height);
  for (const region of regions)
    for (let y = region.y; y < region.y + region.height; y++)
      data.fill(255, y * width + region.x, y * width + region.x + region.width);
  return { width, height, data };
}

/** Boxes around the white parts of a mask; where they are too many to tell, one around all. */
export function boxesOf(mask: Mask): readonly Region[] {
  const white = { ...mask, data: mask.data.map((grey) => Number(grey >= WHITE)) };
  const boxes = merged(parts(white).map(({ box }) => box));
  return boxes.length <= MOST_BOXES ? boxes : [boxes.reduce(around)];
}

/** White where either is. */
export function union(a: Mask, b: Mask): Mask {
  return { ...a, data: a.data.map((grey, i) => Math.max(grey, b.data[i]!)) };
}

/**
 * The latents' mask [1, 1, H/8, W/8]: each cell has the value of its first pixel, as the reference resizes. Strokes thinner than a cell
 * may meet no first pixel: every cell that one touches is white.
 */
export function nearestCells(mask: Tensor): Tensor {
  const { shape, data } = mask;
  const [height, width] = shape.slice(2) as [number, number];
  const [h, w] = [height / LATENT_CELL, width / LATENT_CELL];
  const cells = new Float32Array(h * w);
  for (let y = 0; y < h; y++)
    for (let x = 0; x < w; x++) cells[y * w + x] = data[y * LATENT_CELL * width + x * LATENT_CELL]!;
  thinPixels(mask, LATENT_CELL, ROUGHNESS).forEach((thin, at) => {
    if (thin === 0) return;
    const [x, y] = [Math.floor((at % width) / LATENT_CELL), Math.floor(at / width / LATENT_CELL)];
    cells[y * w + x] = 1;
  });
  return { shape: [1, 1, h, w], data: cells };
}

/**
 * A binary mask whose edge fades over `width` pixels, inwards, so that what it left out it still leaves out. A part that is not so thick
 * fades over its own thickness. The image's border is no edge.
 */
export function feathered(mask: Tensor, width: number): Tensor {
  const depth = { shape: mask.shape, data: depths(mask) };
  const over = thickness(depth, width);
  return { shape: mask.shape, data: depth.data.map((value, at) => Math.min(1, value / Math.max(1, over.data[at]!))) };
}

/** How many pixels, diagonals included, each pixel is away from the nearest that is kept: 0 there, 1 beside it. */
function depths({ shape, data }: Tensor): Float32Array {
  const [, , height, width] = shape as [number, number, number, number];
  const depth = data.map((value) => (value === 0 ? 0 : Number.POSITIVE_INFINITY));
  const visit = (x: number, y: number, back: 1 | -1) => {
    const at = y * width + x;
    const nearer = (dx: number, dy: number) => {
      const [nx, ny] = [x + dx, y + dy];
      if (nx >= 0 && nx < width && ny >= 0 && ny < height)
        depth[at] = Math.min(depth[at]!, depth[ny * width + nx]! + 1);
    };
    for (const dx of [-1, 0, 1]) nearer(dx, -back);
    nearer(-back, 0);
  };
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) visit(x, y, 1);
  for (let y = height - 1; y >= 0; y--) for (let x = width - 1; x >= 0; x--) visit(x, y, -1);
  return depth;
}

/** `painted` where the mask is 1, `source` where it is 0, byte for byte, and between them where it fades. All of one size. */
export function composite(source: Pixels, painted: Pixels, mask: Tensor): Pixels {
  const data = source.data.map((old, i) => {
    const m = mask.data[Math.floor(i / 3)]!;
    return Math.round(old + m * (painted.data[i]! - old));
  });
  return { ...source, data };
}
