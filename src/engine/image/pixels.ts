import { TOKEN_SIDE } from '../../domain/latent.js';
import type { Mask, Pixels } from '../engine.js';
import type { Tensor } from '../runtime/tensor.js';

/**
 * Decoded values to 8-bit pixels: (x/2 + 0.5) clamped to 0 … 1, times 255, rounded half to even.
 *
 * @param decoded [1, 3, H, W], about −1 … 1
 */
export function toPixels(decoded: Tensor): Pixels {
  const [, , height, width] = decoded.shape as [number, number, number, number];
  const plane = height * width;
  const data = new Uint8Array(plane * 3);
  for (let i = 0; i < plane; i++)
    for (let channel = 0; channel < 3; channel++) data[i * 3 + channel] = toByte(decoded.data[channel * plane + i]!);
  return { width, height, data };
}

/** 8-bit pixels to values [1, 3, H, W] of −1 … 1, as the encoder takes them. */
export function fromPixels({ width, height, data }: Pixels): Tensor {
  const plane = width * height;
  const values = new Float32Array(plane * 3);
  for (let i = 0; i < plane; i++)
    for (let channel = 0; channel < 3; channel++)
      values[channel * plane + i] = 2 * Math.fround(data[i * 3 + channel]! / 255) - 1;
  return { shape: [1, 3, height, width], data: values };
}

/** The image or mask with its right and bottom edges repeated, until both sides are multiples of 16. */
export function edgePadded<T extends Pixels | Mask>(image: T): T {
  const [width, height] = [upwards(image.width), upwards(image.height)];
  return resampled(image, width, height, (x, y) => [Math.min(x, image.width - 1), Math.min(y, image.height - 1)]);
}

/** The top left part of an image. */
export function cropped(image: Pixels, width: number, height: number): Pixels {
  return resampled(image, width, height, (x, y) => [x, y]);
}

function upwards(side: number): number {
  return Math.ceil(side / TOKEN_SIDE) * TOKEN_SIDE;
}

/** An image of another size, whose pixel (x, y) is the given one of `image`; itself where the size is the same. */
function resampled<T extends Pixels | Mask>(
  image: T,
  width: number,
  height: number,
  from: (x: number, y: number) => readonly [number, number],
): T {
  if (width === image.width && height === image.height) return image;
  const channels = image.data.length / (image.width * image.height);
  const data = new Uint8Array(width * height * channels);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [sx, sy] = from(x, y);
      const at = (sy * image.width + sx) * channels;
      for (let channel = 0; channel < channels; channel++)
        data[(y * width + x) * channels + channel] = image.data[at + channel]!;
    }
  return { ...image, width, height, data };
}

function toByte(value: number): number {
  // In float32 all the way, as the reference's arrays are: only so have they the same ties.
  const x = Math.fround(Math.min(1, Math.max(0, Math.fround(value / 2 + 0.5))) * 255);
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
