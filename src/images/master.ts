import type { Pixels } from '../engine/engine.js';
import { withPngText, withPngXmp } from './png-text.js';
import { type Recipe, recipeAsParameters, recipeAsXmp } from './recipe.js';
import { sharp } from './sharp.js';
import { thumbhashOf } from './thumbhash.js';

/** What is stored of a finished image. */
export interface Master {
  /** PNG with the recipe in it; no dates, so that the same request gives the same bytes. */
  readonly png: Buffer;
  /** Base64 of about 25 bytes. */
  readonly thumbhash: string;
}

/** Encodes a finished image with its recipe. */
export async function encodeMaster(pixels: Pixels, recipe: Recipe): Promise<Master> {
  const png = encodePng(pixels, recipe);
  // Here while a thread encodes: a second image for libvips would take as long as the first.
  const thumbhash = thumbhashOf(pixels);
  return { png: await png, thumbhash };
}

async function encodePng(pixels: Pixels, recipe: Recipe): Promise<Buffer> {
  const png = await fromPixels(pixels)
    // The generation waits for this: level 3 takes half as long again for a fifth less, level 9 with filters twenty
    // times as long for half. Images leave in other formats; only requests for the PNG transfer all of it.
    .png({ palette: false, compressionLevel: 1, adaptiveFiltering: false })
    .toBuffer();
  return withPngText(withPngXmp(png, recipeAsXmp(recipe)), 'parameters', recipeAsParameters(recipe));
}

export function fromPixels({ width, height, data }: Pixels) {
  return sharp(data, { raw: { width, height, channels: 3 } });
}
