import type { ZImage } from '../models/z-image.js';
import type { Tensor } from '../runtime/tensor.js';
import { encodePrompts, type Words } from './conditioning.js';
import type { Course } from './progress-reporter.js';
import { decode, removeNoise } from './sample.js';
import { sigmas } from './schedule.js';

/** Pictures from words: one prompt and one item of noise each. */
export interface TextToImage extends Words {
  /** x at σ = 1: [B, 16, H/8, W/8]. */
  readonly noise: Tensor;
  /** Forwards of the transformer. */
  readonly steps: number;
}

/**
 * Words → embeddings → noise removed in Euler steps → pixels.
 *
 * @param finish what is made of the decoded values [B, 3, H, W], about −1 … 1, as the end of decoding
 * @throws NonFinite, or what the course throws
 */
export async function textToImage<T>(
  model: ZImage,
  request: TextToImage,
  course: Course,
  finish: (decoded: Tensor) => T,
): Promise<T> {
  const { noise, steps } = request;
  const words = await course.stage('ENCODE_PROMPT', () => encodePrompts(model, request));
  const descent = { start: noise, sigmas: sigmas(steps, model.shift) };
  const latents = await course.stage('DENOISE', () => removeNoise(model, words, descent, course));
  return course.stage('DECODE', async () => finish(await decode(model, latents, steps)));
}
