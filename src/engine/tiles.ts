import { type Tensor, tensor } from './tensor.js';

/** Cells that neighbouring tiles share, over which one is faded into the other. (Measured: 4 cost 2 to 3 dB, 16 gain less than one.) */
const OVERLAP = 8;
/** Cells a side of the smallest tile: less would be mostly overlap. */
const SMALLEST = 24;
/** Cells of the smallest tile. */
export const SMALLEST_TILE = SMALLEST ** 2;

/** What a cell of the tiling is, in values a side: of what goes in and of what comes out. */
export interface Scale {
  readonly input: number;
  readonly output: number;
}

/**
 * Computes a picture-like tensor [1, C, h, w] tile by tile. `compute` must work on any size of whole cells; its results are blended
 * linearly where tiles overlap.
 *
 * @param most cells of a tile
 * @param pause called between tiles; may throw, and so stop
 */
export async function inTiles(
  whole: Tensor,
  scale: Scale,
  most: number,
  compute: (tile: Tensor) => Promise<Tensor>,
  pause: () => Promise<void>,
): Promise<Tensor> {
  const [, , height, width] = whole.shape as [number, number, number, number];
  const cells = [height / scale.input, width / scale.input] as const;
  const sides = tileSides(cells, most);
  let result: Tensor | null = null;
  for (const row of windows(cells[0], sides[0], scale.output))
    for (const column of windows(cells[1], sides[1], scale.output)) {
      const computed = await compute(cropped(whole, row, column, scale.input));
      result ??= blank(computed.shape[1]!, cells[0] * scale.output, cells[1] * scale.output);
      blend(computed, result, row, column, scale.output);
      await pause();
    }
  return result!;
}

/** A stretch of cells of one axis that a tile covers, and the tile's share in each; the shares of all tiles are 1 together. */
interface Window {
  readonly start: number;
  readonly size: number;
  readonly shares: Float32Array;
}

/** As square as the picture lets them be. */
function tileSides([height, width]: readonly [number, number], most: number): readonly [number, number] {
  const side = Math.max(SMALLEST, Math.floor(Math.sqrt(most)));
  const rows = Math.min(height, Math.max(side, Math.floor(most / width)));
  const columns = Math.min(width, Math.max(SMALLEST, Math.floor(most / rows)));
  return [rows, columns];
}

/** The fewest windows of at most `most` cells that cover an axis and overlap, all of one size. `steps` shares a cell. */
function windows(length: number, most: number, steps: number): readonly Window[] {
  const count = length <= most ? 1 : Math.ceil((length - OVERLAP) / (most - OVERLAP));
  const size = Math.ceil((length + (count - 1) * OVERLAP) / count);
  const starts = Array.from({ length: count }, (_, i) => Math.min(i * (size - OVERLAP), length - size));
  const sums = new Float32Array(length * steps);
  const raw = starts.map((start) => {
    const weights = new Float32Array(size * steps);
    for (let i = 0; i < weights.length; i++) {
      const rise = start === 0 ? 1 : (i + 0.5) / (OVERLAP * steps);
      const fall = start + size === length ? 1 : (weights.length - i - 0.5) / (OVERLAP * steps);
      weights[i] = Math.min(1, rise, fall);
      sums[start * steps + i]! += weights[i]!;
    }
    return { start, weights };
  });
  return raw.map(({ start, weights }) => ({
    start,
    size,
    shares: weights.map((weight, i) => weight / sums[start * steps + i]!),
  }));
}

function cropped({ shape, data }: Tensor, row: Window, column: Window, factor: number): Tensor {
  const [, channels, height, width] = shape as [number, number, number, number];
  const [h, w] = [row.size * factor, column.size * factor];
  const tile = new Float32Array(channels * h * w);
  for (let channel = 0; channel < channels; channel++)
    for (let y = 0; y < h; y++) {
      const from = (channel * height + row.start * factor + y) * width + column.start * factor;
      tile.set(data.subarray(from, from + w), (channel * h + y) * w);
    }
  return tensor([1, channels, h, w], tile);
}

function blank(channels: number, height: number, width: number): Tensor {
  return tensor([1, channels, height, width], new Float32Array(channels * height * width));
}

/** Adds a tile's share to the whole. */
function blend({ shape, data }: Tensor, into: Tensor, row: Window, column: Window, factor: number): void {
  const [, channels, h, w] = shape as [number, number, number, number];
  const [height, width] = into.shape.slice(2) as [number, number];
  for (let channel = 0; channel < channels; channel++)
    for (let y = 0; y < h; y++) {
      const from = (channel * h + y) * w;
      const to = (channel * height + row.start * factor + y) * width + column.start * factor;
      for (let x = 0; x < w; x++) into.data[to + x]! += row.shares[y]! * column.shares[x]! * data[from + x]!;
    }
}
