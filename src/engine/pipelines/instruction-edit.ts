import { LATENT_CELL, LATENT_CHANNELS } from '../../domain/latent.js';
import type { EditJob, EngineResult, Pixels } from '../engine.js';
import { cropped, edgePadded, toPixels } from '../image/pixels.js';
import { instructionSegments } from '../models/chat-template.js';
import type { Segments } from '../models/omni.js';
import type { ReferenceConditioning } from '../models/reference-conditioning.js';
import type { ZImage } from '../models/z-image.js';
import { requireFinite } from '../runtime/finite.js';
import type { Tensor } from '../runtime/tensor.js';
import { encoded, type Prompts, promptsOf } from './conditioning.js';
import { type PipelineHooks, type ProgressReporter, pipelineHooks } from './progress-reporter.js';
import { conditionReferences } from './reference-conditioning.js';
import { decode, sample } from './sample.js';
import { sigmas } from './schedule.js';
import { TorchGenerator } from './torch-generator.js';

/** The model was not made to follow instructions. */
export class CannotFollowInstructions extends Error {
  override readonly name = 'CannotFollowInstructions';
}

/**
 * Changes an image as an instruction says, which may speak of further images.
 *
 * A source whose sides are no multiples of 16 is worked on with its edges repeated, and what was added is cut off again: so the change
 * lies on the source pixel by pixel, and nothing of it is lost. (The reference crops, and returns a smaller image.)
 *
 * @throws CannotFollowInstructions, NonFinite, what the reporter throws, or a RangeError where an image is too small or too narrow
 */
export async function instructionEdit(model: ZImage, job: EditJob, reporter: ProgressReporter): Promise<EngineResult> {
  const { width, height } = job.source;
  const source = edgePadded(job.source);
  const shape = [1, LATENT_CHANNELS, source.height / LATENT_CELL, source.width / LATENT_CELL];
  const image = await imageAfterInstruction(
    model,
    {
      ...promptsOf(job),
      images: [source, ...job.references],
      noise: new TorchGenerator(job.seed).randn(shape),
      steps: job.sampling.steps,
    },
    pipelineHooks(model, job.sampling.steps, job.previews, reporter),
    toPixels,
  );
  return { images: [cropped(image, width, height)], regions: [] };
}

/** An image made after references, as a prompt says. */
export interface Instruction extends Prompts {
  /** Those that the prompt speaks of, in their order. */
  readonly images: readonly Pixels[];
  /** x at σ = 1: [1, 16, H/8, W/8], of the image that is made. */
  readonly noise: Tensor;
  /** Of the schedule. */
  readonly steps: number;
}

/**
 * Images → latents and vision features; prompt → embeddings of the segments between the images; denoised in Euler steps given all of
 * them → pixels.
 *
 * @param finish what is made of the decoded values [1, 3, H, W], about −1 … 1, as the end of decoding
 * @throws CannotFollowInstructions, NonFinite, what the hooks throw, or a RangeError where an image is too small or too narrow
 * @see diffusers `ZImageOmniPipeline.__call__`
 */
export async function imageAfterInstruction<T>(
  model: ZImage,
  request: Instruction,
  hooks: PipelineHooks,
  finish: (decoded: Tensor) => T,
): Promise<T> {
  const { images, noise, steps } = request;
  const reference = requireReferenceConditioning(model);
  const area = noise.shape[2]! * noise.shape[3]! * LATENT_CELL ** 2;
  const references = await hooks.stage('ENCODE_IMAGE', () => conditionReferences(model, images, area));
  const prompts = await hooks.stage('ENCODE_PROMPT', () =>
    encoded(request, (prompt) => encodeSegments(reference, instructionSegments(prompt, images.length))),
  );
  const predictorOf = (some: readonly Segments[]) => reference.referencePredictor(some, references);
  const loop = { start: noise, sigmas: sigmas(steps, model.shift) };
  const latents = await hooks.stage('DENOISE', () => sample(predictorOf, prompts, loop, hooks));
  return hooks.stage('DECODE', async () => finish(await decode(model, latents, steps)));
}

function requireReferenceConditioning({ referenceConditioning }: ZImage): ReferenceConditioning {
  if (referenceConditioning !== null) return referenceConditioning;
  throw new CannotFollowInstructions('Expected a model that follows instructions but received one that does not.');
}

async function encodeSegments(reference: ReferenceConditioning, segments: readonly string[]): Promise<Segments> {
  const embeddings: Tensor[] = [];
  for (const segment of segments)
    embeddings.push(requireFinite(await reference.encodeSegment(segment), 0, 'The encoded prompt'));
  return embeddings;
}
