import type { Mask, Pixels } from '../engine/engine.js';
import { sharp } from './sharp.js';

/** Pixels as they wait for a job: written and read in a moment, and back bit by bit. */
export const keptPicture = (pixels: Pixels): Promise<Buffer> => kept(pixels, 3);
export const keptMask = (mask: Mask): Promise<Buffer> => kept(mask, 1);
/** @see keptPicture */
export const pictureOfKept = (png: Uint8Array): Promise<Pixels> => ofKept(png, 'srgb');
/** @see keptMask */
export const maskOfKept = (png: Uint8Array): Promise<Mask> => ofKept(png, 'b-w');

function kept({ width, height, data }: Pixels, channels: 1 | 3): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ palette: false, compressionLevel: 1, adaptiveFiltering: false })
    .toBuffer();
}

async function ofKept(png: Uint8Array, space: 'srgb' | 'b-w'): Promise<Pixels> {
  const { data, info } = await sharp(png).toColourspace(space).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
