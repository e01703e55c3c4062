import type { EditJob, Made, Pixels } from '../engine.js';
import { binarised, composite, nearestCells } from '../image/mask.js';
import { cropped, edgePadded, fromPixels, toPixels } from '../image/pixels.js';
import type { ZImage } from '../models/z-image.js';
import { wordsOf } from './conditioning.js';
import { imageToImage } from './image-to-image.js';
import { inpaint } from './inpaint.js';
import { type Watch, watched } from './progress-reporter.js';
import { forwards } from './schedule.js';
import { TorchGenerator } from './torch-generator.js';

/**
 * Changes a picture, whole or where a mask is white, as a job asks for it. What a mask leaves out comes back byte for byte.
 *
 * @throws NonFinite, what `pause` throws, or a RangeError where no forward would run
 */
export async function edit(model: ZImage, job: EditJob, watch: Watch): Promise<Made> {
  const { width, height } = job.source;
  const strength = job.strength ?? 1;
  const source = edgePadded(job.source);
  const request = {
    ...wordsOf(job),
    picture: fromPixels(source),
    noise: new TorchGenerator(job.seed),
    steps: job.steps,
    strength,
  };
  const course = watched(model, forwards(job.steps, strength), job.previews, watch);
  const picture = await painted();
  return { images: [cropped(picture, width, height)], regions: [] };

  function painted(): Promise<Pixels> {
    if (job.mask === null) return imageToImage(model, request, course, toPixels);
    const mask = binarised(edgePadded(job.mask));
    return inpaint(model, { ...request, mask: nearestCells(mask) }, course, (decoded) =>
      composite(source, toPixels(decoded), mask),
    );
  }
}
