import { grown, merged, parts } from './boxes.js';
import type { Pixels, Region } from './job.js';
import { averaged, type Tensor } from './tensor.js';

/** Larger pictures are looked at in a smaller size, so that the search costs the same. */
const LONGEST_SIDE = 1024;
/** Side of the cells that are judged, in pixels; each is judged with its eight neighbours. */
const CELL = 8;
/** A pixel that differs so much from the mean of the 5 × 5 around it is detail. (Of 255 levels; film grain is about 3.) */
const DETAIL = 6;
/** Texture fills its place with detail. The edge of a thing covers about a sixth of it. */
const TEXTURE_SHARE = 0.5;
/** A stroke is at most so wide, and at least so much lighter or darker than both its sides. */
const STROKE_WIDTH = 8;
const STROKE_CONTRAST = 32;
/** Lettering has so many pixels in upright strokes, and as many in lying ones. A line has but one kind. */
const STROKE_SHARE = 0.1;
/** Fewer cells than these are a speck. */
const LEAST_CELLS = 4;
const MOST_REGIONS = 8;

/**
 * Where a picture has fine texture or lettering, the largest first, at most eight; none in a flat one. Depends on the pixels alone.
 *
 * Texture is local high-frequency energy; lettering is a density of narrow strokes, upright and lying.
 */
export function findRegions(picture: Pixels): readonly Region[] {
  const factor = Math.ceil(Math.max(picture.width, picture.height) / LONGEST_SIDE);
  const luma = averaged(lightness(picture), factor);
  const share = (marked: Uint8Array) => shares(marked, luma.shape[3]!, luma.shape[2]!);
  const texture = share(detailed(luma));
  const upright = share(strokes(luma, 1, luma.shape[3]!));
  const lying = share(strokes(luma, luma.shape[3]!, luma.shape[2]!));
  const worthy = (i: number) =>
    texture.data[i]! >= TEXTURE_SHARE || Math.min(upright.data[i]!, lying.data[i]!) >= STROKE_SHARE;
  const cells = { ...texture, data: Uint8Array.from(texture.data, (_, i) => Number(worthy(i))) };
  const side = CELL * factor;
  const boxes = [...parts(cells)]
    .filter((part) => part.cells >= LEAST_CELLS)
    .sort((a, b) => b.cells - a.cells)
    .map(({ box: { x, y, width, height } }) =>
      grown({ x: x * side, y: y * side, width: width * side, height: height * side }, side, picture),
    );
  return merged(boxes).slice(0, MOST_REGIONS);
}

/** Rec. 601 luma, [1, 1, H, W] of 0 … 255. */
function lightness({ width, height, data }: Pixels): Tensor {
  const luma = new Float32Array(width * height);
  for (let i = 0; i < luma.length; i++)
    luma[i] = 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!;
  return { shape: [1, 1, height, width], data: luma };
}

/** Marks pixels that differ from the mean of what is around them. */
function detailed({ shape, data }: Tensor): Uint8Array {
  const [, , height, width] = shape as [number, number, number, number];
  const add = (a: number, b: number) => a + b;
  const sum = (values: Float32Array) => along(along(values, 1, width, 2, add), width, height, 2, add);
  const sums = sum(data);
  const counts = sum(new Float32Array(data.length).fill(1));
  return Uint8Array.from(data, (value, i) => Number(Math.abs(value - sums[i]! / counts[i]!) >= DETAIL));
}

/** Marks pixels of bright or dark runs, along one axis, that are narrow: what closing or opening with a longer run removes. */
function strokes({ data }: Tensor, stride: number, length: number): Uint8Array {
  const half = STROKE_WIDTH / 2;
  const lightest = (values: Float32Array) => along(values, stride, length, half, Math.max);
  const darkest = (values: Float32Array) => along(values, stride, length, half, Math.min);
  const closed = darkest(lightest(data));
  const opened = lightest(darkest(data));
  return Uint8Array.from(data, (value, i) =>
    Number(Math.max(closed[i]! - value, value - opened[i]!) >= STROKE_CONTRAST),
  );
}

/**
 * Each value folded with the `half` before and the `half` after it along one axis, as far as they are there.
 *
 * @param stride between neighbours of the axis, which has `length` of them
 */
function along(
  data: Float32Array,
  stride: number,
  length: number,
  half: number,
  fold: (a: number, b: number) => number,
): Float32Array {
  return data.map((value, i) => {
    const place = Math.floor(i / stride) % length;
    let folded = value;
    for (let back = 1; back <= Math.min(half, place); back++) folded = fold(folded, data[i - back * stride]!);
    for (let on = 1; on <= Math.min(half, length - 1 - place); on++) folded = fold(folded, data[i + on * stride]!);
    return folded;
  });
}

/** The share of marked pixels in each cell and its eight neighbours. */
function shares(marked: Uint8Array, width: number, height: number) {
  const [columns, rows] = [Math.ceil(width / CELL), Math.ceil(height / CELL)];
  const count = (x: number, y: number) => {
    const [left, top] = [Math.max(0, (x - 1) * CELL), Math.max(0, (y - 1) * CELL)];
    const [right, bottom] = [Math.min(width, (x + 2) * CELL), Math.min(height, (y + 2) * CELL)];
    let sum = 0;
    for (let py = top; py < bottom; py++) for (let px = left; px < right; px++) sum += marked[py * width + px]!;
    return sum / ((right - left) * (bottom - top));
  };
  const data = Float32Array.from({ length: columns * rows }, (_, i) => count(i % columns, Math.floor(i / columns)));
  return { width: columns, height: rows, data };
}
