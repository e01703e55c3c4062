const { fround } = Math;

/**
 * Noise levels of flow matching with Euler steps: σ₀ = 1 … σ_N = 0 over `steps` forwards. `shift` spends more of them where there is noise.
 *
 * σ = s·raw / (1 + (s−1)·raw) with raw = 1, 1 − 1/N, …, 1/N. Rounded to float32 where the reference rounds (diffusers
 * `FlowMatchEulerDiscreteScheduler`): the timestep embedding multiplies the last bit by a thousand.
 */
export function sigmas(steps: number, shift: number): readonly number[] {
  const shifted = Array.from({ length: steps }, (_, k) => {
    const raw = fround(1 - k / steps);
    return fround(fround(shift * raw) / fround(1 + fround((shift - 1) * raw)));
  });
  return [...shifted, 0];
}

/** The scheduler's own timestep of a noise level: 1000 (noise) … 0 (clean). */
export function timestep(sigma: number): number {
  return fround(sigma * 1000);
}

/** The time that the transformer is given: 0 is noise, 1 is clean. */
export function modelTime(sigma: number): number {
  return fround(fround(1000 - timestep(sigma)) / 1000);
}

/** The forward process x_σ = (1−σ)·z + σ·ε, of one value. */
export function noised(clean: number, noise: number, sigma: number): number {
  return sigma * noise + (1 - sigma) * clean;
}
