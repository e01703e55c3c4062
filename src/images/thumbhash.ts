import { rgbaToThumbHash } from 'thumbhash';
import type { Pixels } from '../engine/engine.js';

/** The hash keeps at most 7 × 7 coefficients: so many pixels on the longer side say all that it can hold. */
const SIDE = 32;

/** Base64 of about 25 bytes. @see https://evanw.github.io/thumbhash/ */
export function thumbhashOf(pixels: Pixels): string {
  const scale = Math.min(1, SIDE / Math.max(pixels.width, pixels.height));
  const width = Math.max(1, Math.round(pixels.width * scale));
  const height = Math.max(1, Math.round(pixels.height * scale));
  return Buffer.from(rgbaToThumbHash(width, height, shrunk(pixels, width, height))).toString('base64');
}

/** RGBA, each pixel the mean of those that it covers. */
function shrunk({ width, height, data }: Pixels, toWidth: number, toHeight: number): Uint8Array {
  const result = new Uint8Array(toWidth * toHeight * 4);
  const edge = (i: number, from: number, to: number) => Math.floor((i * from) / to);
  for (let y = 0; y < toHeight; y++) {
    const [top, bottom] = [edge(y, height, toHeight), edge(y + 1, height, toHeight)];
    for (let x = 0; x < toWidth; x++) {
      const [left, right] = [edge(x, width, toWidth), edge(x + 1, width, toWidth)];
      let [r, g, b] = [0, 0, 0];
      for (let row = top; row < bottom; row++)
        for (let at = (row * width + left) * 3; at < (row * width + right) * 3; at += 3) {
          r += data[at]!;
          g += data[at + 1]!;
          b += data[at + 2]!;
        }
      const count = (bottom - top) * (right - left);
      result.set([r / count, g / count, b / count, 255], (y * toWidth + x) * 4);
    }
  }
  return result;
}
