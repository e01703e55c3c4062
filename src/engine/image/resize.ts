import type { Pixels } from '../engine.js';
import { type Tensor, tensor } from '../runtime/tensor.js';

/** A kernel of resampling: its weight at a distance, and the distance from which on it is 0. */
export interface Filter {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

const sinc = (x: number) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
export const lanczos: Filter = { support: 3, weight: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) };
export const bilinear: Filter = { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) };

/** Fractional bits of the weights, as Pillow has them for 8-bit pixels. */
const ONE = 2 ** 22;

/**
 * An image in another size, as `PIL.Image.resize` makes it, byte for byte: rows first, then columns, with a kernel that grows when the
 * image shrinks, and 8 bits between the two.
 *
 * @see https://github.com/python-pillow/Pillow/blob/main/src/libImaging/Resample.c
 */
export function resized(pixels: Pixels, width: number, height: number, filter: Filter = lanczos): Pixels {
  const narrow = width === pixels.width ? pixels.data : alongRows(pixels, fixed(taps(pixels.width, width, filter)));
  if (height === pixels.height) return { width, height, data: narrow };
  return { width, height, data: alongColumns(narrow, width, fixed(taps(pixels.height, height, filter))) };
}

/** The weights [to, from] by which values along an axis are interpolated to another number of them. */
export function interpolation(from: number, to: number, filter: Filter = bilinear): Tensor {
  const data = new Float32Array(to * from);
  for (const [i, { first, weights }] of taps(from, to, filter).entries()) data.set(weights, i * from + first);
  return tensor([to, from], data);
}

/** What one value is made of: neighbours from `first` on, weighted so that they add up to 1. */
interface Taps {
  readonly first: number;
  readonly weights: readonly number[];
}

function taps(from: number, to: number, { support, weight }: Filter): readonly Taps[] {
  const scale = from / to;
  const stretch = Math.max(1, scale);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
    const end = Math.min(from, Math.trunc(centre + support * stretch + 0.5));
    const raw = Array.from({ length: end - first }, (_, k) => weight((first + k + 0.5 - centre) / stretch));
    const sum = raw.reduce((a, b) => a + b, 0);
    return { first, weights: raw.map((value) => value / sum) };
  });
}

/** The same in whole numbers, of which ONE is 1. */
function fixed(all: readonly Taps[]): readonly Taps[] {
  return all.map(({ first, weights }) => ({ first, weights: weights.map((value) => awayFromZero(value * ONE)) }));
}

function alongRows({ width, height, data }: Pixels, columns: readonly Taps[]): Uint8Array {
  const out = new Uint8Array(columns.length * height * 3);
  for (let y = 0; y < height; y++)
    for (const [x, tap] of columns.entries())
      for (let c = 0; c < 3; c++)
        out[(y * columns.length + x) * 3 + c] = weighted(data, (y * width + tap.first) * 3 + c, 3, tap.weights);
  return out;
}

function alongColumns(data: Uint8Array, width: number, rows: readonly Taps[]): Uint8Array {
  const row = width * 3;
  const out = new Uint8Array(rows.length * row);
  for (const [y, { first, weights }] of rows.entries())
    for (let i = 0; i < row; i++) out[y * row + i] = weighted(data, first * row + i, row, weights);
  return out;
}

/** The weighted sum of values that lie `stride` apart, rounded half up and kept within 8 bits. */
function weighted(data: Uint8Array, from: number, stride: number, weights: readonly number[]): number {
  let sum = ONE / 2;
  for (let k = 0; k < weights.length; k++) sum += data[from + k * stride]! * weights[k]!;
  return Math.max(0, Math.min(255, Math.floor(sum / ONE)));
}

/** The nearest whole number; halves go away from zero. */
function awayFromZero(value: number): number {
  return Math.trunc(value < 0 ? value - 0.5 : value + 0.5);
}
