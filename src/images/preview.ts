import type { Pixels } from '../engine/engine.js';
import { fromPixels } from './master.js';

/** Previews are looked at for a moment, and travel inside of events. */
const longestSide = 256;

/** An image that is still emerging as a small `data:` address. */
export async function previewAddress(pixels: Pixels): Promise<string> {
  const webp = await fromPixels(pixels)
    .resize(longestSide, longestSide, { fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 50, effort: 0 })
    .toBuffer();
  return `data:image/webp;base64,${webp.toString('base64')}`;
}
