import type { Prompt } from '../../domain/prompt.js';
import type { EditJob, RefineJob } from '../engine.js';
import type { NoisePredictor } from '../models/noise-predictor.js';
import type { ZImage } from '../models/z-image.js';
import { requireFinite } from '../runtime/finite.js';
import type { Tensor } from '../runtime/tensor.js';
import { type Guidance, guidanceOf, guided, truncated } from './guidance.js';
import type { VelocityField } from './velocity-field.js';

/** What images are made after: one prompt each. */
export interface Prompts {
  /** Their negative texts are read only where guidance is on. */
  readonly prompts: readonly Prompt[];
  readonly guidance: Guidance;
}

/** The prompt of a job for one image. */
export function promptsOf({ prompt, sampling }: EditJob | RefineJob): Prompts {
  return { prompts: [prompt], guidance: guidanceOf(sampling) };
}

/** Encoded prompts, one T each: [L, D], or several where a prompt is encoded in parts. No negative ones where guidance is off. */
export interface Conditioning<T = Tensor> {
  readonly positive: readonly T[];
  readonly negative: readonly T[];
  readonly guidance: Guidance;
}

/** Makes the noise predictor of encoded prompts. */
export type PredictorOf<T> = (prompts: readonly T[]) => NoisePredictor;

/**
 * Prompts → embeddings.
 *
 * @throws NonFinite
 */
export function encodePrompts(model: ZImage, prompts: Prompts): Promise<Conditioning> {
  return encoded(prompts, async (prompt) => requireFinite(await model.encodePrompt(prompt), 0, 'The encoded prompt'));
}

/** Encodes one prompt after the other, and the negative ones only where guidance is on. */
export async function encoded<T>(
  { prompts, guidance }: Prompts,
  encode: (prompt: string) => Promise<T>,
): Promise<Conditioning<T>> {
  const each = async (texts: readonly string[]) => {
    const all: T[] = [];
    for (const text of texts) all.push(await encode(text));
    return all;
  };
  const positive = await each(prompts.map(({ text }) => text));
  return {
    positive,
    negative: guidance.scale > 0 ? await each(prompts.map(({ negative }) => negative)) : [],
    guidance,
  };
}

/** The velocity field given these prompts, guided where guidance is on. */
export function condition<T>(
  predictorOf: PredictorOf<T>,
  { positive, negative, guidance }: Conditioning<T>,
): { velocity: VelocityField; release(): void } {
  const alone = predictorOf(positive);
  if (guidance.scale === 0) return alone;
  const both = predictorOf([...positive, ...negative]);
  return {
    velocity: truncated(guided(both.velocity, guidance), alone.velocity, guidance),
    release() {
      alone.release();
      both.release();
    },
  };
}
