import type { EngineEvent, EngineStage, Pixels } from '../engine.js';
import { toPixels } from '../image/pixels.js';
import type { ZImage } from '../models/z-image.js';
import { averaged, items } from '../runtime/tensor.js';
import { type DenoiseStep, predictX0 } from './velocity-field.js';

/** The longer side of a preview in pixels, at most. */
const PREVIEW_SIDE = 128;

/** How a running job is watched and stopped. */
export interface ProgressReporter {
  readonly report: (event: EngineEvent) => void;
  /** Yields to messages, then throws where the job is to stop. */
  readonly throwIfAborted: () => Promise<void>;
}

/** What accompanies a pipeline. Both may throw, and so stop it. */
export interface PipelineHooks {
  /** Runs one stage, and reports that it started and ended. */
  stage<T>(name: EngineStage, run: () => Promise<T>): Promise<T>;
  /** Called after every step. */
  step(step: DenoiseStep): Promise<void>;
}

/** Runs a stage and reports when it started and how long it took. */
export async function stage<T>(
  name: EngineStage,
  run: () => Promise<T>,
  { report, throwIfAborted }: ProgressReporter,
): Promise<T> {
  await throwIfAborted();
  report({ type: 'stage-started', stage: name, at: Date.now() });
  const started = performance.now();
  const result = await run();
  report({ type: 'stage-finished', stage: name, at: Date.now(), durationMs: performance.now() - started });
  return result;
}

/** Reports stages and steps, with previews on some of the `totalSteps` steps where they are wanted. */
export function pipelineHooks(
  model: ZImage,
  totalSteps: number,
  previews: boolean,
  reporter: ProgressReporter,
): PipelineHooks {
  const shown = previews && model.preview !== null ? previewSteps(totalSteps) : new Set<number>();
  let started = 0;
  return {
    stage(name, run) {
      return stage(
        name,
        () => {
          started = performance.now();
          return run();
        },
        reporter,
      );
    },
    async step(step) {
      const durationMs = performance.now() - started;
      const emerging = shown.has(step.index + 1) ? predictX0(step) : null;
      for (let image = 0; image < step.latents.shape[0]!; image++)
        reporter.report({
          type: 'step',
          at: Date.now(),
          durationMs,
          image,
          step: step.index + 1,
          totalSteps,
          sigma: step.sigma,
          preview: emerging === null ? null : await preview(model, items(emerging, image, image + 1)),
        });
      await reporter.throwIfAborted();
      started = performance.now();
    },
  };
}

async function preview(model: ZImage, latents: DenoiseStep['latents']): Promise<Pixels | null> {
  if (model.preview === null) return null;
  // Half the latents' sides are a quarter of the decoder's work, and at 256 pixels already the preview's own size.
  const decoded = await model.preview(averaged(latents, 2));
  const longer = Math.max(...decoded.shape.slice(2));
  return toPixels(averaged(decoded, Math.ceil(longer / PREVIEW_SIDE)));
}

/**
 * The steps, from 1, after which a preview is shown: three of eight, at least two, evenly spread, and never the last, after which the
 * image itself follows. (With the embedded model a preview costs about a sixth of a step, so all of them some 7 % of the time.)
 */
export function previewSteps(steps: number): ReadonlySet<number> {
  const count = Math.min(steps - 1, Math.max(2, Math.floor((steps * 3) / 8)));
  return new Set(Array.from({ length: count }, (_, i) => Math.round(((i + 1) * steps) / (count + 1))));
}
