import type { ZImage } from '../models/z-image.js';
import { requireFinite } from '../runtime/finite.js';
import type { Tensor } from '../runtime/tensor.js';
import { type Conditioning, condition, type PredictorOf } from './conditioning.js';
import type { PipelineHooks } from './progress-reporter.js';
import { denoise, type OnStepEnd } from './velocity-field.js';

/** Where denoising begins, and the noise levels that it passes. */
export interface DenoiseLoop {
  /** [B, 16, h, w], with noise of the first level. */
  readonly start: Tensor;
  /** Falling, to 0. */
  readonly sigmas: readonly number[];
  /** Left out, the latents stay as a step leaves them. */
  readonly onStepEnd?: OnStepEnd;
}

/**
 * Denoises given the prompts, step by step.
 *
 * @throws NonFinite, with the step after which it was seen; or what the hooks throw
 */
export async function sample<T>(
  predictorOf: PredictorOf<T>,
  prompts: Conditioning<T>,
  { start, sigmas, onStepEnd }: DenoiseLoop,
  hooks: PipelineHooks,
): Promise<Tensor> {
  const steps = sigmas.length - 1;
  const predictor = condition(predictorOf, prompts);
  try {
    let x = start;
    for await (const step of denoise(predictor.velocity, start, sigmas, onStepEnd)) {
      x = requireFinite(step.latents, step.index + 1, `The latents after step ${step.index + 1} of ${steps}`);
      await hooks.step(step);
    }
    return x;
  } finally {
    predictor.release();
  }
}

/**
 * Latents [B, 16, h, w] → values [B, 3, 8h, 8w], about −1 … 1.
 *
 * @param steps of the schedule that made the latents
 * @throws NonFinite
 */
export async function decode(model: ZImage, latents: Tensor, steps: number): Promise<Tensor> {
  return requireFinite(await model.decode(latents), steps + 1, 'The decoded image');
}
