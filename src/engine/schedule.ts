const { fround } = Math;

/**
 * Noise levels of flow matching with Euler steps: σ₀ = 1 … σ_N = 0 over `steps` forwards. `shift` spends more of them where there is noise.
 *
 * σ = s·raw / (1 + (s−1)·raw) with raw = 1, 1 − 1/N, …, 1/N. Rounded to float32 where the reference rounds (diffusers
 * `FlowMatchEulerDiscreteScheduler`), because the timestep embedding multiplies the last bit by a thousand.
 */
export function sigmas(steps: number, shift: number): readonly number[] {
  const shifted = evenly(steps).map((raw) => fround(fround(shift * raw) / fround(1 + fround((shift - 1) * raw))));
  return [...shifted, 0];
}

/** `torch.linspace(1, 1/n, n)`, bit for bit: it counts from both ends towards the middle. */
function evenly(n: number): readonly number[] {
  if (n === 1) return [1];
  const last = fround(1 / n);
  const step = fround(fround(last - 1) / (n - 1));
  return Array.from({ length: n }, (_, k) =>
    k < Math.floor(n / 2) ? fround(1 + step * k) : fround(last - step * (n - 1 - k)),
  );
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
  return fround(sigma * noise) + fround(fround(1 - sigma) * clean);
}
