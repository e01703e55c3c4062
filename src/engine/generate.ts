import { type DenoiseStep, estimate } from './denoise.js';
import type { EngineEvent, EngineStage, GenerateJob, Pixels } from './job.js';
import { LATENT_CELL, LATENT_CHANNELS, type ZImage } from './models/z-image.js';
import { TorchGenerator } from './noise.js';
import { toPixels } from './picture.js';
import { averaged } from './tensor.js';
import { type Course, textToImage } from './text-to-image.js';

/** The longer side of a preview in pixels, at most. */
const PREVIEW_SIDE = 128;

/** How a running job is watched and stopped. */
export interface Watch {
  readonly report: (event: EngineEvent) => void;
  /** Lets messages in; throws when the job is to stop. */
  readonly pause: () => Promise<void>;
}

/**
 * Makes one picture from words, as a job asks for it.
 *
 * @throws NonFinite, or what `pause` throws
 */
export async function generate(model: ZImage, job: GenerateJob, watch: Watch): Promise<Pixels> {
  const noise = new TorchGenerator(job.seed).randn([
    1,
    LATENT_CHANNELS,
    job.height / LATENT_CELL,
    job.width / LATENT_CELL,
  ]);
  return textToImage(
    model,
    {
      prompts: [job.prompt],
      negativePrompts: [job.negativePrompt],
      noise,
      steps: job.steps,
      guidance: { scale: job.guidance, normalization: 0, truncation: 1 },
    },
    watched(model, job, watch),
    toPixels,
  );
}

/** Runs a stage and reports when it started and how long it took. */
export async function stage<T>(name: EngineStage, run: () => Promise<T>, { report, pause }: Watch): Promise<T> {
  await pause();
  report({ type: 'stage-started', stage: name, at: Date.now() });
  const started = performance.now();
  const result = await run();
  report({ type: 'stage-finished', stage: name, at: Date.now(), durationMs: performance.now() - started });
  return result;
}

function watched(model: ZImage, job: GenerateJob, watch: Watch): Course {
  const shown = job.previews && model.preview !== null ? previewSteps(job.steps) : new Set<number>();
  let started = 0;
  return {
    stage(name, run) {
      return stage(
        name,
        () => {
          started = performance.now();
          return run();
        },
        watch,
      );
    },
    async step(step) {
      const durationMs = performance.now() - started;
      watch.report({
        type: 'step',
        at: Date.now(),
        durationMs,
        step: step.index + 1,
        totalSteps: job.steps,
        sigma: step.sigma,
        preview: shown.has(step.index + 1) ? await preview(model, step) : null,
      });
      await watch.pause();
      started = performance.now();
    },
  };
}

async function preview(model: ZImage, step: DenoiseStep): Promise<Pixels | null> {
  if (model.preview === null) return null;
  // Half the latents' sides are a quarter of the decoder's work, and at 256 pixels already the preview's own size.
  const decoded = await model.preview(averaged(estimate(step), 2));
  const longer = Math.max(...decoded.shape.slice(2));
  return toPixels(averaged(decoded, Math.ceil(longer / PREVIEW_SIDE)));
}

/**
 * The steps, from 1, after which a preview is shown: three of eight, at least two, evenly spread, and never the last, after which the
 * picture itself follows. (With the embedded model a preview costs about a sixth of a step, so all of them some 7 % of the time.)
 */
export function previewSteps(steps: number): ReadonlySet<number> {
  const count = Math.min(steps - 1, Math.max(2, Math.floor((steps * 3) / 8)));
  return new Set(Array.from({ length: count }, (_, i) => Math.round(((i + 1) * steps) / (count + 1))));
}
