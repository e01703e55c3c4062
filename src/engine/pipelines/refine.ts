import { LATENT_CELL } from '../../domain/latent.js';
import type { EngineResult, Mask, RefineJob, Region } from '../engine.js';
import { clipped, merged } from '../image/boxes.js';
import type { FaceDetector } from '../image/faces.js';
import { binarised, boxesOf, composite, covering, feathered, union } from '../image/mask.js';
import { cropped, edgePadded, fromPixels, toPixels } from '../image/pixels.js';
import { findRegions } from '../image/regions.js';
import type { ZImage } from '../models/z-image.js';
import { averaged } from '../runtime/tensor.js';
import { encodePrompts, promptsOf } from './conditioning.js';
import { keepingOutside, likeliestLatents, withNoise } from './latents.js';
import { type ProgressReporter, pipelineHooks } from './progress-reporter.js';
import { decode, sample } from './sample.js';
import { sigmasBelow } from './schedule.js';
import { TorchGenerator } from './torch-generator.js';

/** Pixels over which a refinement fades, at the edge of its regions and within them. */
const FEATHER = 8;

/**
 * Improves an image where it needs it: image → latents → noise of the strength's level laid over them → removed in `steps`
 * steps, after each of which the source's latents are put back outside the regions → pixels, and the source's outside the regions, byte
 * for byte. Where there is nothing to improve, the image is returned as it came and no step is run.
 *
 * @throws NonFinite, or what the reporter throws
 */
export async function refine(
  model: ZImage,
  job: RefineJob,
  reporter: ProgressReporter,
  faces: FaceDetector | null,
): Promise<EngineResult> {
  const { width, height } = job.source;
  const hooks = pipelineHooks(model, job.sampling.steps, job.previews, reporter);
  const source = edgePadded(job.source);

  const read = await hooks.stage('ENCODE_IMAGE', async () => {
    const { regions, mask } = await places(job, faces);
    if (regions.length === 0) return null;
    const z = await likeliestLatents(model, fromPixels(source));
    return { regions, mask: feathered(binarised(edgePadded(mask)), FEATHER), z };
  });
  if (read === null) return { images: [job.source], regions: [] };
  const { regions, mask, z } = read;

  const prompts = await hooks.stage('ENCODE_PROMPT', () => encodePrompts(model, promptsOf(job)));
  const sigmas = sigmasBelow(job.strength, job.sampling.steps, model.shift);
  const noise = new TorchGenerator(job.seed).randn(z.shape);
  const onStepEnd = keepingOutside(averaged(mask, LATENT_CELL), z, noise);
  const loop = { start: withNoise(z, noise, sigmas[0]!), sigmas, onStepEnd };
  const latents = await hooks.stage('DENOISE', () =>
    sample((some) => model.promptPredictor(some), prompts, loop, hooks),
  );
  const image = await hooks.stage('DECODE', async () =>
    composite(source, toPixels(await decode(model, latents, job.sampling.steps)), mask),
  );
  return { images: [cropped(image, width, height)], regions };
}

/** Where to improve an image: where the job says, by mask or regions or both, or where something is found. */
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
