import type { EditJob, EngineResult, Pixels } from '../engine.js';
import { binarised, composite, nearestCells } from '../image/mask.js';
import { cropped, edgePadded, fromPixels, toPixels } from '../image/pixels.js';
import type { ZImage } from '../models/z-image.js';
import { promptsOf } from './conditioning.js';
import { imageToImage } from './image-to-image.js';
import { inpaint } from './inpaint.js';
import { type ProgressReporter, pipelineHooks } from './progress-reporter.js';
import { stepsOfStrength } from './schedule.js';
import { TorchGenerator } from './torch-generator.js';

/**
 * Changes an image, whole or where a mask is white, as a job asks for it. What a mask leaves out comes back byte for byte.
 *
 * @throws NonFinite, what the reporter throws, or a RangeError where no step would run
 */
export async function edit(model: ZImage, job: EditJob, reporter: ProgressReporter): Promise<EngineResult> {
  const { width, height } = job.source;
  const strength = job.strength ?? 1;
  const source = edgePadded(job.source);
  const request = {
    ...promptsOf(job),
    image: fromPixels(source),
    noise: new TorchGenerator(job.seed),
    steps: job.sampling.steps,
    strength,
  };
  const hooks = pipelineHooks(model, stepsOfStrength(job.sampling.steps, strength), job.previews, reporter);
  const image = await painted();
  return { images: [cropped(image, width, height)], regions: [] };

  function painted(): Promise<Pixels> {
    if (job.mask === null) return imageToImage(model, request, hooks, toPixels);
    const mask = binarised(edgePadded(job.mask));
    return inpaint(model, { ...request, mask: nearestCells(mask) }, hooks, (decoded) =>
      composite(source, toPixels(decoded), mask),
    );
  }
}
