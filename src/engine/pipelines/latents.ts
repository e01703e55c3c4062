import { mode, sample } from '../models/autoencoder.js';
import type { ZImage } from '../models/z-image.js';
import { requireFinite } from '../runtime/finite.js';
import type { Tensor } from '../runtime/tensor.js';
import { noised } from './schedule.js';
import type { OnStepEnd } from './velocity-field.js';

/** Draws normal noise; further draws continue the same stream. A TorchGenerator is one. */
export interface Noise {
  randn(shape: readonly number[]): Tensor;
}

/**
 * Image [1, 3, H, W] of −1 … 1 → latents [1, 16, H/8, W/8] as the diffusion model has them, drawn from their posterior.
 *
 * @throws NonFinite
 */
export async function sampleLatents(model: ZImage, image: Tensor, noise: Noise): Promise<Tensor> {
  const posterior = await model.encodeImage(image);
  const latents = sample(posterior, noise.randn(posterior.mean.shape), model.latentScale);
  return requireFinite(latents, 0, 'The encoded image');
}

/**
 * The same without chance: the most likely latents.
 *
 * @throws NonFinite
 */
export async function likeliestLatents(model: ZImage, image: Tensor): Promise<Tensor> {
  return requireFinite(mode(await model.encodeImage(image), model.latentScale), 0, 'The encoded image');
}

/** The forward process x_σ = (1−σ)·z + σ·ε. At σ = 0 it is z itself. */
export function withNoise(z: Tensor, noise: Tensor, sigma: number): Tensor {
  return { shape: z.shape, data: z.data.map((value, i) => noised(value, noise.data[i]!, sigma)) };
}

/**
 * After a step, m·x + (1−m)·z with the noise of the level that it reached: what the mask leaves out follows the image it came from.
 *
 * @param mask m, [1, 1, h, w] of 0 … 1
 * @param noise ε, the one that the denoising began with
 */
export function keepingOutside(mask: Tensor, z: Tensor, noise: Tensor): OnStepEnd {
  return (x, sigma) => blended(mask, x, withNoise(z, noise, sigma));
}

/** m·inside + (1−m)·outside; the mask is the same for every item and channel. */
function blended(mask: Tensor, inside: Tensor, outside: Tensor): Tensor {
  const cells = mask.data.length;
  const data = inside.data.map((value, i) => {
    const m = mask.data[i % cells]!;
    return m * value + (1 - m) * outside.data[i]!;
  });
  return { shape: inside.shape, data };
}
