import type { VelocityField } from './denoise.js';
import { requireFinite } from './finite.js';
import { type Guidance, guided, truncated } from './guidance.js';
import type { EditJob, RefineJob } from './job.js';
import type { ZImage } from './models/z-image.js';
import type { Tensor } from './tensor.js';

/** What pictures are made after: one prompt each. */
export interface Words {
  readonly prompts: readonly string[];
  /** As many as prompts; read only where guidance is on. */
  readonly negativePrompts: readonly string[];
  readonly guidance: Guidance;
}

/** The words of a job for one picture. */
export function wordsOf(job: EditJob | RefineJob): Words {
  const { prompt, negativePrompt, guidance, guidanceNormalization, guidanceTruncation } = job;
  return {
    prompts: [prompt],
    negativePrompts: [negativePrompt],
    guidance: { scale: guidance, normalization: guidanceNormalization, truncation: guidanceTruncation },
  };
}

/** Encoded words, one [L, D] a prompt; no negative ones where guidance is off. */
export interface Conditioning {
  readonly positive: readonly Tensor[];
  readonly negative: readonly Tensor[];
  readonly guidance: Guidance;
}

/**
 * Words → embeddings.
 *
 * @throws NonFinite
 */
export async function encodePrompts(
  model: ZImage,
  { prompts, negativePrompts, guidance }: Words,
): Promise<Conditioning> {
  return {
    positive: await encode(model, prompts),
    negative: guidance.scale > 0 ? await encode(model, negativePrompts) : [],
    guidance,
  };
}

async function encode(model: ZImage, prompts: readonly string[]): Promise<readonly Tensor[]> {
  const embeddings: Tensor[] = [];
  for (const prompt of prompts)
    embeddings.push(requireFinite(await model.encodePrompt(prompt), 0, 'The encoded prompt'));
  return embeddings;
}

/** The velocity field of these words, guided where guidance is on. */
export function condition(
  model: ZImage,
  { positive, negative, guidance }: Conditioning,
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
