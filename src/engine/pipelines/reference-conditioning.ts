import { TOKEN_SIDE } from '../../domain/latent.js';
import type { Pixels } from '../engine.js';
import { fromPixels } from '../image/pixels.js';
import { resized } from '../image/resize.js';
import type { ConditionImage } from '../models/omni.js';
import type { ZImage } from '../models/z-image.js';
import type { Tensor } from '../runtime/tensor.js';
import { likeliestLatents } from './latents.js';
import { isValidReference, VALID_REFERENCE } from './valid-reference.js';

const MEGAPIXEL = 1024 * 1024;

/**
 * References as the model takes them: the mode of their latents and, where it has an image encoder, that one's features.
 *
 * @param area pixels of the target
 * @throws NonFinite, or a RangeError where an image is too small or too narrow
 * @see diffusers `ZImageOmniPipeline`, `Flux2ImageProcessor`
 */
export async function conditionReferences(
  model: ZImage,
  images: readonly Pixels[],
  area: number,
): Promise<readonly ConditionImage[]> {
  const conditioned: ConditionImage[] = [];
  for (const image of images) {
    const fitting = fitted(image, area);
    const latents = await likeliestLatents(model, roundedToBfloat16(fromPixels(centred(fitting))));
    // The image encoder takes the whole image, not what is left of it in multiples of 16.
    conditioned.push({ latents, vision: (await model.referenceConditioning?.encodeVision(fitting)) ?? null });
  }
  return conditioned;
}

/** An image of more than a megapixel, resized to an area; any other as it is. */
export function fitted(image: Pixels, area: number): Pixels {
  const { width, height } = image;
  if (!isValidReference(image))
    throw new RangeError(`Expected images of ${VALID_REFERENCE} but received ${width}×${height}.`);
  if (width * height <= MEGAPIXEL) return image;
  const scale = Math.sqrt(area / (width * height));
  return resized(image, Math.trunc(width * scale), Math.trunc(height * scale));
}

/** The middle of an image, with sides that are multiples of 16. */
export function centred(image: Pixels): Pixels {
  const within = (side: number) => Math.floor(side / TOKEN_SIDE) * TOKEN_SIDE;
  const [width, height] = [within(image.width), within(image.height)];
  const [left, top] = [Math.floor((image.width - width) / 2), Math.floor((image.height - height) / 2)];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 3;
    data.set(image.data.subarray(from, from + width * 3), y * width * 3);
  }
  return { width, height, data };
}

/** What the reference's pipeline does to its images before it encodes them. Halves go to the even neighbour. */
function roundedToBfloat16({ shape, data }: Tensor): Tensor {
  const bits = new Uint32Array(data.slice().buffer);
  for (const [i, value] of bits.entries()) bits[i] = (value + 0x7fff + ((value >>> 16) & 1)) & 0xffff0000;
  return { shape, data: new Float32Array(bits.buffer) };
}
