import type { ZImage } from '../models/z-image.js';
import type { Tensor } from '../runtime/tensor.js';
import { encodePrompts, type Prompts } from './conditioning.js';
import { type Noise, sampleLatents, withNoise } from './latents.js';
import type { PipelineHooks } from './progress-reporter.js';
import { decode, sample } from './sample.js';
import { truncatedSigmas } from './schedule.js';

/** An image changed as a whole. */
export interface ImageToImage extends Prompts {
  /** [1, 3, H, W] of −1 … 1, with sides that are multiples of 16. */
  readonly image: Tensor;
  /** Drawn from twice: for the image's posterior, then for the noise that is laid over it. */
  readonly noise: Noise;
  /** Steps of the whole schedule, of which the last `stepsOfStrength(steps, strength)` run. */
  readonly steps: number;
  /** 0 keeps the image, 1 ignores it. */
  readonly strength: number;
}

/**
 * Image → latents → noise of the strength's level laid over them → denoised given the prompts → pixels.
 *
 * @param finish what is made of the decoded values [1, 3, H, W], about −1 … 1, as the end of decoding
 * @throws NonFinite, what the hooks throw, or a RangeError where no step would run
 * @see diffusers `ZImageImg2ImgPipeline.__call__`
 */
export async function imageToImage<T>(
  model: ZImage,
  request: ImageToImage,
  hooks: PipelineHooks,
  finish: (decoded: Tensor) => T,
): Promise<T> {
  const { image, noise, steps, strength } = request;
  const sigmas = truncatedSigmas(steps, model.shift, strength);
  const z = await hooks.stage('ENCODE_IMAGE', () => sampleLatents(model, image, noise));
  const prompts = await hooks.stage('ENCODE_PROMPT', () => encodePrompts(model, request));
  const start = withNoise(z, noise.randn(z.shape), sigmas[0]!);
  const latents = await hooks.stage('DENOISE', () =>
    sample((some) => model.promptPredictor(some), prompts, { start, sigmas }, hooks),
  );
  return hooks.stage('DECODE', async () => finish(await decode(model, latents, sigmas.length - 1)));
}
