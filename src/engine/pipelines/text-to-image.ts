import type { ZImage } from '../models/z-image.js';
import type { Tensor } from '../runtime/tensor.js';
import { encodePrompts, type Prompts } from './conditioning.js';
import type { PipelineHooks } from './progress-reporter.js';
import { decode, sample } from './sample.js';
import { sigmas } from './schedule.js';

/** Images from prompts: one prompt and one item of noise each. */
export interface TextToImage extends Prompts {
  /** x at σ = 1: [B, 16, H/8, W/8]. */
  readonly noise: Tensor;
  /** Of the schedule. */
  readonly steps: number;
}

/**
 * Prompts → embeddings → noise, denoised in Euler steps → pixels.
 *
 * @param finish what is made of the decoded values [B, 3, H, W], about −1 … 1, as the end of decoding
 * @throws NonFinite, or what the hooks throw
 */
export async function textToImage<T>(
  model: ZImage,
  request: TextToImage,
  hooks: PipelineHooks,
  finish: (decoded: Tensor) => T,
): Promise<T> {
  const { noise, steps } = request;
  const prompts = await hooks.stage('ENCODE_PROMPT', () => encodePrompts(model, request));
  const loop = { start: noise, sigmas: sigmas(steps, model.shift) };
  const latents = await hooks.stage('DENOISE', () =>
    sample((some) => model.promptPredictor(some), prompts, loop, hooks),
  );
  return hooks.stage('DECODE', async () => finish(await decode(model, latents, steps)));
}
