import { type Tensor, tensor } from '../runtime/tensor.js';

// How thick the white parts of a mask [1, 1, H, W] are, where.

/** Counts what is set in any box of a grid, after one pass over it. */
export function boxCounts(width: number, height: number, isSet: (at: number) => boolean) {
  const row = width + 1;
  const sums = new Int32Array(row * (height + 1));
  for (let y = 0; y < height; y++) {
    let inRow = 0;
    for (let x = 0; x < width; x++) {
      if (isSet(y * width + x)) inRow++;
      sums[(y + 1) * row + x + 1] = sums[y * row + x + 1]! + inRow;
    }
  }
  /** From (left, top) to before (right, bottom); what lies outside of the grid is not set. */
  return (left: number, top: number, right: number, bottom: number): number => {
    const [x0, y0] = [Math.max(0, left), Math.max(0, top) * row];
    const [x1, y1] = [Math.min(width, right), Math.min(height, bottom) * row];
    return sums[y1 + x1]! - sums[y0 + x1]! - sums[y1 + x0]! + sums[y0 + x0]!;
  };
}

/**
 * Where a mask is thin: white pixels that are further than `reach` from every white square of `side` pixels. Roughness of a thick
 * part's edge is not thin.
 */
export function thinPixels({ shape, data }: Tensor, side: number, reach: number): Uint8Array {
  const [height, width] = shape.slice(2) as [number, number];
  const white = boxCounts(width, height, (at) => data[at]! > 0);
  const squares = boxCounts(width, height, (at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return white(x, y, x + side, y + side) === side ** 2;
  });
  const thin = new Uint8Array(data.length);
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at++) {
      if (data[at] === 0) continue;
      const near = squares(x - side + 1 - reach, y - side + 1 - reach, x + 1 + reach, y + 1 + reach);
      if (near === 0) thin[at] = 1;
    }
  return thin;
}

/**
 * How thick the white part is that a pixel belongs to, as the depth of its middle: that of the largest square around it, at most `most`.
 *
 * @param depth of each pixel below the nearest kept one, diagonals included: 0 there, 1 beside it
 */
export function thickness({ shape, data: depth }: Tensor, most: number): Tensor {
  const [height, width] = shape.slice(2) as [number, number];
  const thick = depth.map((value) => Math.min(1, value));
  for (let t = 2; t <= most; t++) {
    const middles = boxCounts(width, height, (at) => depth[at]! >= t);
    if (middles(0, 0, width, height) === 0) break;
    for (let y = 0, at = 0; y < height; y++)
      for (let x = 0; x < width; x++, at++)
        if (depth[at]! > 0 && middles(x - t + 1, y - t + 1, x + t, y + t) > 0) thick[at] = t;
  }
  return tensor(shape, thick);
}
