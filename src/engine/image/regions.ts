import type { Pixels, Region } from '../engine.js';
import { averaged, type Tensor } from '../runtime/tensor.js';
import { grown, merged, parts } from './boxes.js';

/** Larger images are looked at in a smaller size, so that the search costs the same. */
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
 * Where an image has fine texture or lettering, the largest first, at most eight; none in a flat one. Depends on the pixels alone.
 *
 * Texture is local high-frequency energy; lettering is a density of narrow strokes, upright and lying.
 */
export function findRegions(image: Pixels): readonly Region[] {
  const factor = Math.ceil(Math.max(image.width, image.height) / LONGEST_SIDE);
  const luma = averaged(lightness(image), factor);
  const share = (marks: Uint8Array) => shares(marks, luma.shape[3]!, luma.shape[2]!);
  const texture = share(detailed(luma));
  const upright = share(strokes(luma, 1, luma.shape[3]!));
  const lying = share(strokes(luma, luma.shape[3]!, luma.shape[2]!));
  const worthy = (i: number) =>
    texture.data[i]! >= TEXTURE_SHARE || Math.min(upright.data[i]!, lying.data[i]!) >= STROKE_SHARE;
  const cells = { ...texture, data: marked(texture.data.length, worthy) };
  const side = CELL * factor;
  const boxes = parts(cells)
    .filter((part) => part.cells >= LEAST_CELLS)
    .map(({ box: { x, y, width, height } }) =>
      grown({ x: x * side, y: y * side, width: width * side, height: height * side }, side, image),
    );
  const area = ({ width, height }: Region) => width * height;
  return [...merged(boxes)].sort((a, b) => area(b) - area(a)).slice(0, MOST_REGIONS);
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
  const sums = along(along(data, 1, width, 2, sum), width, height, 2, sum);
  return marked(data.length, (i) => Math.abs(data[i]! - sums[i]! / 25) >= DETAIL);
}

/** Marks pixels of bright or dark runs, along one axis, that are narrow: what closing or opening with a longer run removes. */
function strokes({ data }: Tensor, stride: number, length: number): Uint8Array {
  const lightest = (values: Float32Array) => along(values, stride, length, STROKE_WIDTH / 2, highest);
  const negative = (values: Float32Array) => values.map((value) => -value);
  const closed = (values: Float32Array) => negative(lightest(negative(lightest(values))));
  const light = closed(data);
  const dark = closed(negative(data));
  return marked(data.length, (i) => Math.max(light[i]! - data[i]!, dark[i]! + data[i]!) >= STROKE_CONTRAST);
}

/** 1 where the condition holds, else 0. */
function marked(length: number, holds: (i: number) => boolean): Uint8Array {
  const marks = new Uint8Array(length);
  for (let i = 0; i < length; i++) if (holds(i)) marks[i] = 1;
  return marks;
}

/**
 * What `over` makes of each value with the `half` before and the `half` after it along one axis. The ends are repeated outwards.
 *
 * @param stride between neighbours of the axis, which has `length` of them
 */
function along(
  data: Float32Array,
  stride: number,
  length: number,
  half: number,
  over: (line: Float32Array, from: number, to: number) => number,
): Float32Array {
  const result = new Float32Array(data.length);
  const line = new Float32Array(length + 2 * half);
  for (let block = 0; block < data.length; block += stride * length)
    for (let start = block; start < block + stride; start++) {
      for (let i = 0; i < line.length; i++) {
        const place = Math.min(length - 1, Math.max(0, i - half));
        line[i] = data[start + place * stride]!;
      }
      for (let i = 0; i < length; i++) result[start + i * stride] = over(line, i, i + 2 * half);
    }
  return result;
}

function sum(line: Float32Array, from: number, to: number): number {
  let total = 0;
  for (let i = from; i <= to; i++) total += line[i]!;
  return total;
}

function highest(line: Float32Array, from: number, to: number): number {
  let most = line[from]!;
  for (let i = from + 1; i <= to; i++) if (line[i]! > most) most = line[i]!;
  return most;
}

/** The share of marked pixels in each cell and its eight neighbours. */
function shares(marks: Uint8Array, width: number, height: number) {
  const [columns, rows] = [Math.ceil(width / CELL), Math.ceil(height / CELL)];
  const counts = new Float32Array(columns * rows);
  const pixels = new Float32Array(columns * rows);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const cell = Math.floor(y / CELL) * columns + Math.floor(x / CELL);
      counts[cell]! += marks[y * width + x]!;
      pixels[cell]! += 1;
    }
  const around = (values: Float32Array, cell: number) => {
    const [x, y] = [cell % columns, Math.floor(cell / columns)];
    let total = 0;
    for (let ny = Math.max(0, y - 1); ny <= Math.min(rows - 1, y + 1); ny++)
      for (let nx = Math.max(0, x - 1); nx <= Math.min(columns - 1, x + 1); nx++) total += values[ny * columns + nx]!;
    return total;
  };
  return { width: columns, height: rows, data: counts.map((_, i) => around(counts, i) / around(pixels, i)) };
}
