import { rgbaToThumbHash } from 'thumbhash';
import type { Pixels } from '../engine/job.js';
import { sharp } from './library.js';
import { withPngText } from './png-text.js';
import { type Recipe, recipeAsParameters, recipeAsXmp } from './recipe.js';

/** What is kept of a finished picture. */
export interface Master {
  /** PNG with the recipe in it; no dates, so that the same request gives the same bytes. */
  readonly png: Buffer;
  /** Base64 of about 25 bytes. */
  readonly thumbhash: string;
}

/** Encodes a finished picture with its recipe. */
export async function encodeMaster(pixels: Pixels, recipe: Recipe): Promise<Master> {
  const [png, thumbhash] = await Promise.all([encodePng(pixels, recipe), thumbhashOf(pixels)]);
  return { png, thumbhash };
}

async function encodePng(pixels: Pixels, recipe: Recipe): Promise<Buffer> {
  const png = await fromPixels(pixels)
    // Level 3 takes a tenth of the time of level 9 and is a seventh larger on these pictures.
    .png({ palette: false, compressionLevel: 3, adaptiveFiltering: true })
    .withXmp(recipeAsXmp(recipe))
    .toBuffer();
  return withPngText(png, 'parameters', recipeAsParameters(recipe));
}

/** The hash keeps at most 7 × 7 coefficients: 32 pixels a side say all that it can hold, in a tenth of the time of 100. */
async function thumbhashOf(pixels: Pixels): Promise<string> {
  const { data, info } = await fromPixels(pixels)
    .resize(32, 32, { fit: 'inside' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Buffer.from(rgbaToThumbHash(info.width, info.height, data)).toString('base64');
}

export function fromPixels({ width, height, data }: Pixels) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
