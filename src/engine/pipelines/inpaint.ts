import type { ZImage } from '../models/z-image.js';
import type { Tensor } from '../runtime/tensor.js';
import { encodePrompts } from './conditioning.js';
import type { ImageToImage } from './image-to-image.js';
import { keepingOutside, sampleLatents, withNoise } from './latents.js';
import type { PipelineHooks } from './progress-reporter.js';
import { decode, sample } from './sample.js';
import { truncatedSigmas } from './schedule.js';

/** An image changed where a mask covers it. */
export interface Inpaint extends ImageToImage {
  /** [1, 1, H/8, W/8]: 1 is repainted, 0 kept. */
  readonly mask: Tensor;
}

/**
 * As image to image, but after each step what the mask leaves out is the source again, with the same noise at that step's level;
 * after the last, without any. The decoder sees across the mask's edge, so pixels outside it are near the source's, not equal.
 *
 * @param finish what is made of the decoded values [1, 3, H, W], about −1 … 1, as the end of decoding
 * @throws NonFinite, what the hooks throw, or a RangeError where no step would run
 * @see diffusers `ZImageInpaintPipeline.__call__`
 */
export async function inpaint<T>(
  model: ZImage,
  request: Inpaint,
  hooks: PipelineHooks,
  finish: (decoded: Tensor) => T,
): Promise<T> {
  const { image, mask, noise, steps, strength } = request;
  const sigmas = truncatedSigmas(steps, model.shift, strength);
  const z = await hooks.stage('ENCODE_IMAGE', () => sampleLatents(model, image, noise));
  const prompts = await hooks.stage('ENCODE_PROMPT', () => encodePrompts(model, request));
  const epsilon = noise.randn(z.shape);
  const loop = { start: withNoise(z, epsilon, sigmas[0]!), sigmas, onStepEnd: keepingOutside(mask, z, epsilon) };
  const latents = await hooks.stage('DENOISE', () =>
    sample((some) => model.promptPredictor(some), prompts, loop, hooks),
  );
  return hooks.stage('DECODE', async () => finish(await decode(model, latents, sigmas.length - 1)));
}
