import { denoise, type VelocityField } from './denoise.js';
import { type Guidance, guided, truncated } from './guidance.js';
import type { ZImage } from './models/z-image.js';
import { NonFinite } from './problems.js';
import { sigmas } from './schedule.js';
import { allFinite, type Tensor } from './tensor.js';
import type { Course } from './watch.js';

/** Pictures from words: one prompt and one item of noise each. */
export interface TextToImage {
  readonly prompts: readonly string[];
  /** As many as prompts; read only where guidance is on. */
  readonly negativePrompts: readonly string[];
  /** x at σ = 1: [B, 16, H/8, W/8]. */
  readonly noise: Tensor;
  /** Forwards of the transformer. */
  readonly steps: number;
  readonly guidance: Guidance;
}

/**
 * Words → embeddings → noise removed in Euler steps → pixels.
 *
 * @param finish what is made of the decoded values [B, 3, H, W], about −1 … 1, as the end of decoding
 * @throws NonFinite, with the step after which it was seen
 */
export async function textToImage<T>(
  model: ZImage,
  request: TextToImage,
  course: Course,
  finish: (decoded: Tensor) => T,
): Promise<T> {
  const { noise, steps, guidance } = request;

  const [positive, negative] = await course.stage('ENCODE_PROMPT', async () => [
    await encode(model, request.prompts),
    guidance.scale > 0 ? await encode(model, request.negativePrompts) : [],
  ]);

  const latents = await course.stage('DENOISE', async () => {
    const conditioned = condition(model, positive!, negative!, guidance);
    let x = noise;
    for await (const step of denoise(conditioned.velocity, noise, sigmas(steps, model.shift))) {
      x = requireFinite(step.latents, step.index + 1, `The latents after step ${step.index + 1} of ${steps}`);
      await course.step(step);
    }
    conditioned.release();
    return x;
  });

  return course.stage('DECODE', async () =>
    finish(requireFinite(await model.decode(latents), steps + 1, 'The decoded picture')),
  );
}

/** One embedding [L, D] a prompt. */
async function encode(model: ZImage, prompts: readonly string[]): Promise<readonly Tensor[]> {
  const embeddings: Tensor[] = [];
  for (const prompt of prompts)
    embeddings.push(requireFinite(await model.encodePrompt(prompt), 0, 'The encoded prompt'));
  return embeddings;
}

/** The velocity field of these prompts, guided where guidance is on. */
function condition(
  model: ZImage,
  positive: readonly Tensor[],
  negative: readonly Tensor[],
  guidance: Guidance,
): { velocity: VelocityField; release(): void } {
  const alone = model.condition(positive);
  if (guidance.scale === 0) return alone;
  const both = model.condition([...positive, ...negative]);
  return {
    velocity: truncated(guided(both.velocity, guidance), alone.velocity, guidance),
    release() {
      alone.release();
      both.release();
    },
  };
}

function requireFinite(values: Tensor, step: number, what: string): Tensor {
  if (allFinite(values)) return values;
  throw new NonFinite(`${what} held an infinity or a not-a-number, so no picture can come of it.`, step);
}
