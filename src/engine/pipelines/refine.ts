import type { Made, Mask, RefineJob, Region } from '../engine.js';
import { clipped, merged } from '../image/boxes.js';
import type { FaceDetector } from '../image/faces.js';
import { binarised, boxesOf, composite, covering, feathered, union } from '../image/mask.js';
import { cropped, edgePadded, fromPixels, toPixels } from '../image/pixels.js';
import { findRegions } from '../image/regions.js';
import { LATENT_CELL } from '../models/latent.js';
import type { ZImage } from '../models/z-image.js';
import { averaged } from '../runtime/tensor.js';
import { encodePrompts, wordsOf } from './conditioning.js';
import { keepingOutside, likeliestLatents, withNoise } from './latents.js';
import { type Watch, watched } from './progress-reporter.js';
import { decode, removeNoise } from './sample.js';
import { sigmasBelow } from './schedule.js';
import { TorchGenerator } from './torch-generator.js';

/** Pixels over which a refinement fades, at the edge of its regions and within them. */
const FEATHER = 8;

/**
 * Improves a picture where it needs it: picture → latents → noise of the strength's level laid over them → removed in `steps`
 * forwards, after each of which what lies outside the regions follows the source → pixels, of which those outside are the source's,
 * byte for byte. Where there is nothing to improve, the picture is returned as it came and no forward is run.
 *
 * @throws NonFinite, or what `pause` throws
 */
export async function refine(model: ZImage, job: RefineJob, watch: Watch, faces: FaceDetector | null): Promise<Made> {
  const { width, height } = job.source;
  const course = watched(model, job.steps, job.previews, watch);
  const source = edgePadded(job.source);

  const read = await course.stage('ENCODE_IMAGE', async () => {
    const { regions, mask } = await places(job, faces);
    if (regions.length === 0) return null;
    const z = await likeliestLatents(model, fromPixels(source));
    return { regions, mask: feathered(binarised(edgePadded(mask)), FEATHER), z };
  });
  if (read === null) return { images: [job.source], regions: [] };
  const { regions, mask, z } = read;

  const words = await course.stage('ENCODE_PROMPT', () => encodePrompts(model, wordsOf(job)));
  const sigmas = sigmasBelow(job.strength, job.steps, model.shift);
  const noise = new TorchGenerator(job.seed).randn(z.shape);
  const settle = keepingOutside(averaged(mask, LATENT_CELL), z, noise);
  const descent = { start: withNoise(z, noise, sigmas[0]!), sigmas, settle };
  const latents = await course.stage('DENOISE', () => removeNoise(model, words, descent, course));
  const picture = await course.stage('DECODE', async () =>
    composite(source, toPixels(await decode(model, latents, job.steps)), mask),
  );
  return { images: [cropped(picture, width, height)], regions };
}

/** Where to improve a picture: where the job says, by mask or regions or both, or where something is found. */
async function places(
  { source, mask, regions }: RefineJob,
  faces: FaceDetector | null,
): Promise<{ regions: readonly Region[]; mask: Mask }> {
  const found = async () => merged([...((await faces?.find(source)) ?? []), ...findRegions(source)]);
  const boxes = (regions ?? (mask === null ? await found() : []))
    .map((region) => clipped(region, source))
    .filter(({ width, height }) => width > 0 && height > 0);
  const covered = covering(boxes, source);
  if (mask === null) return { regions: boxes, mask: covered };
  return { regions: [...boxes, ...boxesOf(mask)], mask: union(covered, mask) };
}
