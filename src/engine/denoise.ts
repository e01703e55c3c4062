import { addScaled, type Tensor } from './tensor.js';

/** The learned velocity field v(x, σ) that points from picture to noise. `x` is [B, 16, h, w]. */
export type VelocityField = (x: Tensor, sigma: number) => Promise<Tensor>;

export interface DenoiseStep {
  /** From 0. */
  readonly index: number;
  /** Noise level after the step. */
  readonly sigma: number;
  readonly latents: Tensor;
  readonly velocity: Tensor;
}

/**
 * Integrates dx/dσ = v(x, σ) from noise (σ = 1) to a picture (σ = 0) with Euler steps.
 * Yields after each step, so that a caller can report progress, preview, or stop.
 */
export async function* denoise(
  velocity: VelocityField,
  noise: Tensor,
  sigmas: readonly number[],
): AsyncGenerator<DenoiseStep> {
  let x = noise;
  for (let index = 0; index + 1 < sigmas.length; index++) {
    const [sigma, next] = [sigmas[index]!, sigmas[index + 1]!];
    const v = await velocity(x, sigma);
    x = addScaled(x, Math.fround(next - sigma), v); // x ← x + Δσ·v
    yield { index, sigma: next, latents: x, velocity: v };
  }
}

/** What the picture would be if the velocity stayed as it is: x̂₀ = x − σ·v. */
export function estimate({ latents, sigma, velocity }: DenoiseStep): Tensor {
  return addScaled(latents, -sigma, velocity);
}
