import { existsSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Mask, Pixels } from '../../src/engine/engine.js';
import type { Box } from './edit-verdict.js';

/** Of two images that do not differ at all, for which there is no number. */
const IDENTICAL_DB = 100;

export async function readImage(folder: string, id: string, part: string): Promise<Pixels> {
  const image = sharp(join(folder, `${id}.${part}.png`))
    .toColourspace('srgb')
    .removeAlpha()
    .raw();
  const { data, info } = await image.toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

/** The rows whose images infra/inkling/pairs.py has drawn. */
export function drawnRows<Row extends { readonly id: string }>(folder: string, rows: readonly Row[], part: string) {
  const drawn = rows.filter(({ id }) => existsSync(join(folder, `${id}.${part}.png`)));
  if (drawn.length === 0)
    throw new Error(
      `Expected images drawn by infra/inkling/pairs.py in ${folder} but there is no *.${part}.png of any row.`,
    );
  return drawn;
}

/** White where a grey image is bright. */
export function maskFrom({ width, height, data }: Pixels): Mask {
  return {
    width,
    height,
    data: Uint8Array.from({ length: width * height }, (_, i) => (data[3 * i]! >= 128 ? 255 : 0)),
  };
}

/** White in the boxes, whose edges are rounded as pairs.py and evaluate_edits.py do. */
export function boxMask(boxes: readonly Box[], { width, height }: Pixels): Mask {
  const data = new Uint8Array(width * height);
  for (const [left, top, right, bottom] of boxes)
    for (let y = Math.round(top * height); y < Math.round(bottom * height); y++)
      data.fill(255, y * width + Math.round(left * width), y * width + Math.round(right * width));
  return { width, height, data };
}

/** Peak signal-to-noise ratio in dB where the mask is white, or where it is black; null where there is no such pixel. */
export function psnr(a: Pixels, b: Pixels, mask: Mask, where: 'inside' | 'outside'): number | null {
  let [sum, count] = [0, 0];
  mask.data.forEach((value, i) => {
    if (value >= 128 !== (where === 'inside')) return;
    for (let channel = 3 * i; channel < 3 * i + 3; channel++) sum += (a.data[channel]! - b.data[channel]!) ** 2;
    count += 3;
  });
  if (count === 0) return null;
  return sum === 0 ? IDENTICAL_DB : 10 * Math.log10(255 ** 2 / (sum / count));
}

/** Whether no byte differs where the mask is black. */
export function sameOutside(a: Pixels, b: Pixels, mask: Mask): boolean {
  if (a.width !== b.width || a.height !== b.height) return false;
  return mask.data.every((value, i) => value >= 128 || [0, 1, 2].every((c) => a.data[3 * i + c] === b.data[3 * i + c]));
}
