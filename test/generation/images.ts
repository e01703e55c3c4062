import sharp from 'sharp';
import type { Pixels } from '../../src/engine/engine.js';
import { image } from '../engine/images.js';

export { differing, image, waves } from '../engine/images.js';

/** The image as somebody would send it. */
export async function upload(pixels: Pixels): Promise<{ upload: Blob }> {
  const { width, height, data } = pixels;
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
  return { upload: new Blob([new Uint8Array(png)], { type: 'image/png' }) };
}

/** A mask whose left half is white. */
export const leftHalf = (width: number, height: number): Pixels =>
  image(width, height, (x) => (x < width / 2 ? [255, 255, 255] : [0, 0, 0]));

export const black = (width: number, height: number): Pixels => image(width, height, () => [0, 0, 0]);
