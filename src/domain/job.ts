import type { ImageRecord } from './image.js';
import type { ProblemRecord } from './problem.js';
import type { Recipe } from './recipe.js';
import type { Stage } from './stage.js';
import type { Work } from './work.js';

/** How one image is made: plain JSON, so that it can travel through a queue. */
export interface Job {
  /** What it is made once by: equal fingerprints, equal pixels. */
  readonly fingerprint: string;
  readonly work: Work;
  /** What is written into the image. */
  readonly recipe: Recipe;
  /** Whose it is; `anonymous` without keys. */
  readonly tenant: string;
  /** In whose turn it is served: jobs of one caller wait behind one another, not before another caller's. */
  readonly caller: string;
  /** Jobs of one request wait in one place. */
  readonly request: string;
  /** Whether an image that is already stored under the fingerprint will do. */
  readonly reuse: boolean;
  /** Milliseconds that the engine may take for this image. */
  readonly deadlineMs: number;
  /** The trace that asked for it, as the `traceparent` header writes it. */
  readonly traceparent: string | null;
}

/** What happens to a job, in order, in milliseconds since the epoch. The last is `finished` or `failed`. */
export type JobEvent =
  /** Requests that wait before this one. */
  | { readonly type: 'position'; readonly position: number }
  /** `traceparent` is the span of the image. */
  | { readonly type: 'started'; readonly at: number; readonly traceparent: string | null }
  | { readonly type: 'stage-started'; readonly stage: Stage; readonly at: number; readonly key: string }
  | {
      readonly type: 'stage-finished';
      readonly stage: Stage;
      readonly at: number;
      readonly durationMs: number;
      /** Images that share a forward share its stages: equal keys are one happening. */
      readonly key: string;
    }
  | {
      readonly type: 'step';
      readonly at: number;
      /** From 1. */
      readonly step: number;
      readonly totalSteps: number;
      /** Noise level after this step, 1 … 0. */
      readonly sigma: number;
      /** A `data:` address, on steps that have a preview. */
      readonly preview: string | null;
    }
  | { readonly type: 'finished'; readonly image: ImageRecord }
  | { readonly type: 'failed'; readonly problem: ProblemRecord };
