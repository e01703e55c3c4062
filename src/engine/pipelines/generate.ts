import { LATENT_CELL, LATENT_CHANNELS } from '../../domain/latent.js';
import type { EngineResult, GenerateJob } from '../engine.js';
import { toPixels } from '../image/pixels.js';
import type { ZImage } from '../models/z-image.js';
import { concat, items } from '../runtime/tensor.js';
import { guidanceOf } from './guidance.js';
import { type ProgressReporter, pipelineHooks } from './progress-reporter.js';
import { textToImage } from './text-to-image.js';
import { TorchGenerator } from './torch-generator.js';

/**
 * Draws the images that a job asks for.
 *
 * @throws NonFinite, or what the reporter throws
 */
export async function generate(model: ZImage, job: GenerateJob, reporter: ProgressReporter): Promise<EngineResult> {
  const shape = [1, LATENT_CHANNELS, job.height / LATENT_CELL, job.width / LATENT_CELL];
  const { items: images, sampling } = job;
  const drawn = await textToImage(
    model,
    {
      prompts: images.map(({ prompt }) => prompt),
      noise: concat(images.map(({ seed }) => new TorchGenerator(seed).randn(shape))),
      steps: sampling.steps,
      guidance: guidanceOf(sampling),
    },
    pipelineHooks(model, sampling.steps, job.previews, reporter),
    (decoded) => images.map((_, i) => toPixels(items(decoded, i, i + 1))),
  );
  return { images: drawn, regions: [] };
}
