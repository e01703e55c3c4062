const { fround } = Math;

/**
 * Noise levels of flow matching with Euler steps: σ₀ = 1 … σ_N = 0 over N = `steps` steps. `shift` spends more of them where there is noise.
 *
 * σ = s·raw / (1 + (s−1)·raw) with raw = 1, 1 − 1/N, …, 1/N. Rounded to float32 where the reference rounds (diffusers
 * `FlowMatchEulerDiscreteScheduler`), because the timestep embedding multiplies the last bit by a thousand.
 */
export function sigmas(steps: number, shift: number): readonly number[] {
  return [...evenly(steps).map((raw) => shifted(raw, shift)), 0];
}

/**
 * The levels of `sigmas` that an image's change passes through: the last of them, the fewer the weaker. Strength 1 is all.
 *
 * @throws RangeError where no step would run
 * @see diffusers `ZImageImg2ImgPipeline.get_timesteps`
 */
export function truncatedSigmas(steps: number, shift: number, strength: number): readonly number[] {
  const run = stepsOfStrength(steps, strength);
  if (run < 1)
    throw new RangeError(`Expected a strength that leaves at least one step of ${steps} but received ${strength}.`);
  return sigmas(steps, shift).slice(steps - run);
}

/** Steps that run of what is asked for: an edit from a strength runs the last of its schedule, all else all of it. */
export function stepsRun(asked: {
  readonly operation: string;
  readonly sampling: { readonly steps: number };
  readonly strength?: number | null;
}): number {
  const { operation, sampling, strength = null } = asked;
  const { steps } = sampling;
  return operation === 'EDIT' && strength !== null ? stepsOfStrength(steps, strength) : steps;
}

/** How many steps an edit of this denoising strength (0 … 1) runs, of a schedule of so many steps. 8 at 0.6 are 5. */
export function stepsOfStrength(steps: number, strength: number): number {
  return steps - Math.trunc(Math.max(steps - Math.min(steps * strength, steps), 0));
}

/**
 * Noise levels of a refinement: `steps` steps, all of them spread over the noise below `strength`, which is taken before the shift:
 * raw = strength·(1 − k/N). With 4 steps from 0.35 and shift 3: 0.618, 0.516, 0.389, 0.223, 0.
 *
 * @see DiffSynth-Studio `FlowMatchScheduler`, `denoising_strength`
 */
export function sigmasBelow(strength: number, steps: number, shift: number): readonly number[] {
  return [...Array.from({ length: steps }, (_, k) => shifted(fround(strength * (1 - k / steps)), shift)), 0];
}

function shifted(raw: number, shift: number): number {
  return fround(fround(shift * raw) / fround(1 + fround((shift - 1) * raw)));
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
