import type { Mask, Pixels } from '../engine/engine.js';
import { sharp } from './sharp.js';

/** Pixels as they wait for a job: written and read in a moment, and back bit by bit. */
export const losslessImage = (pixels: Pixels): Promise<Buffer> => encoded(pixels, 3);
export const losslessMask = (mask: Mask): Promise<Buffer> => encoded(mask, 1);
/** @see keptImage */
export const imageOfLossless = (png: Uint8Array): Promise<Pixels> => ofLossless(png, 'srgb');
/** @see keptMask */
export const maskOfLossless = (png: Uint8Array): Promise<Mask> => ofLossless(png, 'b-w');

function encoded({ width, height, data }: Pixels, channels: 1 | 3): Promise<Buffer> {
  return sharp(data, { raw: { width, height, channels } })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png({ palette: false, compressionLevel: 1, adaptiveFiltering: false })
    .toBuffer();
}

async function ofLossless(png: Uint8Array, space: 'srgb' | 'b-w'): Promise<Pixels> {
  const { data, info } = await sharp(png).toColourspace(space).raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}
