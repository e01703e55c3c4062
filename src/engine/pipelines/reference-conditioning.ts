import type { Pixels } from '../engine.js';
import { fromPixels } from '../image/pixels.js';
import { resized } from '../image/resize.js';
import type { ConditionPicture } from '../models/omni.js';
import type { ZImage } from '../models/z-image.js';
import type { Tensor } from '../runtime/tensor.js';
import { likeliestLatents } from './latents.js';
import { SHOWABLE, showable } from './valid-reference.js';

const MEGAPIXEL = 1024 * 1024;
const MULTIPLE = 16;

/**
 * Pictures as an instruction has them before its eyes: their likeliest latents and, where the model has an image encoder, what that
 * sees in them.
 *
 * @param area pixels of the target
 * @throws NonFinite, or a RangeError where a picture is too small or too narrow
 * @see diffusers `ZImageOmniPipeline`, `Flux2ImageProcessor`
 */
export async function conditionPictures(
  model: ZImage,
  pictures: readonly Pixels[],
  area: number,
): Promise<readonly ConditionPicture[]> {
  const shown: ConditionPicture[] = [];
  for (const picture of pictures) {
    const fitting = fitted(picture, area);
    const latents = await likeliestLatents(model, roundedToBfloat16(fromPixels(centred(fitting))));
    // The image encoder looks at the whole picture, not at what is left of it in multiples of 16.
    shown.push({ latents, seen: (await model.instructed?.see(fitting)) ?? null });
  }
  return shown;
}

/** A picture of more than a megapixel, resized to an area; any other as it is. */
export function fitted(picture: Pixels, area: number): Pixels {
  const { width, height } = picture;
  if (!showable(picture)) throw new RangeError(`Expected pictures of ${SHOWABLE} but received ${width}×${height}.`);
  if (width * height <= MEGAPIXEL) return picture;
  const scale = Math.sqrt(area / (width * height));
  return resized(picture, Math.trunc(width * scale), Math.trunc(height * scale));
}

/** The middle of a picture, with sides that are multiples of 16. */
export function centred(picture: Pixels): Pixels {
  const within = (side: number) => Math.floor(side / MULTIPLE) * MULTIPLE;
  const [width, height] = [within(picture.width), within(picture.height)];
  const [left, top] = [Math.floor((picture.width - width) / 2), Math.floor((picture.height - height) / 2)];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * picture.width + left) * 3;
    data.set(picture.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

/** What the reference's pipeline does to its pictures before it encodes them. Halves go to the even neighbour. */
function roundedToBfloat16({ shape, data }: Tensor): Tensor {
  const bits = new Uint32Array(data.slice().buffer);
  for (const [i, value] of bits.entries()) bits[i] = (value + 0x7fff + ((value >>> 16) & 1)) & 0xffff0000;
  return { shape, data: new Float32Array(bits.buffer) };
}
