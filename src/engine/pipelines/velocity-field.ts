import { addScaled, type Tensor } from '../runtime/tensor.js';

/** The learned velocity field v(x, σ) that points from image to noise. `x` is [B, 16, h, w]. */
export type VelocityField = (x: Tensor, sigma: number) => Promise<Tensor>;

export interface DenoiseStep {
  /** From 0. */
  readonly index: number;
  /** Noise level after the step. */
  readonly sigma: number;
  readonly latents: Tensor;
  readonly velocity: Tensor;
}

/** What becomes of the latents after a step, at the noise level that it reached. */
export type OnStepEnd = (latents: Tensor, sigma: number) => Tensor;

/**
 * Integrates dx/dσ = v(x, σ) from `start`, which holds noise of the first level (σ = 1 is nothing else), to the last with Euler steps.
 * Yields after each step, so that a caller can report progress, preview, or stop.
 */
export async function* denoise(
  velocity: VelocityField,
  start: Tensor,
  sigmas: readonly number[],
  onStepEnd: OnStepEnd = (latents) => latents,
): AsyncGenerator<DenoiseStep> {
  let x = start;
  for (let index = 0; index + 1 < sigmas.length; index++) {
    const [sigma, next] = [sigmas[index]!, sigmas[index + 1]!];
    const v = await velocity(x, sigma);
    x = onStepEnd(addScaled(x, Math.fround(next - sigma), v), next); // x ← x + Δσ·v
    yield { index, sigma: next, latents: x, velocity: v };
  }
}

/** What the image would be if the velocity stayed as it is: x̂₀ = x − σ·v. */
export function predictX0({ latents, sigma, velocity }: DenoiseStep): Tensor {
  return addScaled(latents, -sigma, velocity);
}
