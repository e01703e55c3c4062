import type { EditJob, Made, Pixels } from '../engine.js';
import { cropped, edgePadded, toPixels } from '../image/pixels.js';
import { instructionSegments } from '../models/chat-template.js';
import { LATENT_CELL, LATENT_CHANNELS } from '../models/latent.js';
import type { Segments } from '../models/omni.js';
import type { Instructed } from '../models/reference-predictor.js';
import type { ZImage } from '../models/z-image.js';
import { requireFinite } from '../runtime/finite.js';
import type { Tensor } from '../runtime/tensor.js';
import { encoded, type Words, wordsOf } from './conditioning.js';
import { type Course, type Watch, watched } from './progress-reporter.js';
import { conditionPictures } from './reference-conditioning.js';
import { decode, removeNoise } from './sample.js';
import { sigmas } from './schedule.js';
import { TorchGenerator } from './torch-generator.js';

/** The model was not made to change pictures as words say. */
export class CannotFollowInstructions extends Error {
  override readonly name = 'CannotFollowInstructions';
}

/**
 * Changes a picture as words alone say; they may speak of further pictures.
 *
 * A source whose sides are no multiples of 16 is worked on with its edges repeated, and what was added is cut off again: so the change
 * lies on the source pixel by pixel, and nothing of it is lost. (The reference crops, and returns a smaller picture.)
 *
 * @throws CannotFollowInstructions, NonFinite, what `pause` throws, or a RangeError where a picture is too small or too narrow
 */
export async function instructionEdit(model: ZImage, job: EditJob, watch: Watch): Promise<Made> {
  const { width, height } = job.source;
  const source = edgePadded(job.source);
  const shape = [1, LATENT_CHANNELS, source.height / LATENT_CELL, source.width / LATENT_CELL];
  const picture = await pictureAfterInstruction(
    model,
    {
      ...wordsOf(job),
      pictures: [source, ...job.references],
      noise: new TorchGenerator(job.seed).randn(shape),
      steps: job.steps,
    },
    watched(model, job.steps, job.previews, watch),
    toPixels,
  );
  return { images: [cropped(picture, width, height)], regions: [] };
}

/** A picture made after others, as words say. */
export interface Instruction extends Words {
  /** Those that the words speak of, in their order. */
  readonly pictures: readonly Pixels[];
  /** x at σ = 1: [1, 16, H/8, W/8], of the picture that is made. */
  readonly noise: Tensor;
  /** Forwards of the transformer. */
  readonly steps: number;
}

/**
 * Pictures → latents, and what an image encoder sees; words → embeddings of the parts between the pictures; noise removed in Euler
 * steps, with all of that before the transformer's eyes → pixels.
 *
 * @param finish what is made of the decoded values [1, 3, H, W], about −1 … 1, as the end of decoding
 * @throws CannotFollowInstructions, NonFinite, what the course throws, or a RangeError where a picture is too small or too narrow
 * @see diffusers `ZImageOmniPipeline.__call__`
 */
export async function pictureAfterInstruction<T>(
  model: ZImage,
  request: Instruction,
  course: Course,
  finish: (decoded: Tensor) => T,
): Promise<T> {
  const { pictures, noise, steps } = request;
  const mode = requireInstructed(model);
  const area = noise.shape[2]! * noise.shape[3]! * LATENT_CELL ** 2;
  const shown = await course.stage('ENCODE_IMAGE', () => conditionPictures(model, pictures, area));
  const words = await course.stage('ENCODE_PROMPT', () =>
    encoded(request, (prompt) => encodeSegments(mode, instructionSegments(prompt, pictures.length))),
  );
  const field = { condition: (prompts: readonly Segments[]) => mode.condition(prompts, shown) };
  const descent = { start: noise, sigmas: sigmas(steps, model.shift) };
  const latents = await course.stage('DENOISE', () => removeNoise(field, words, descent, course));
  return course.stage('DECODE', async () => finish(await decode(model, latents, steps)));
}

function requireInstructed({ instructed }: ZImage): Instructed {
  if (instructed !== null) return instructed;
  throw new CannotFollowInstructions('Expected a model that follows instructions but received one that does not.');
}

async function encodeSegments(mode: Instructed, segments: readonly string[]): Promise<Segments> {
  const embeddings: Tensor[] = [];
  for (const segment of segments)
    embeddings.push(requireFinite(await mode.encodeSegment(segment), 0, 'The encoded prompt'));
  return embeddings;
}
