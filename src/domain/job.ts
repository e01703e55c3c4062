import type { CanonicalImage } from './canonical.js';
import type { ImageRecord } from './image.js';
import type { ProblemRecord } from './problem.js';
import type { Stage } from './stage.js';

/** Raised when the form of a job changes: what another version of this program queued or stored is not run by this one. */
export const JOB_VERSION = 2;

/** Names under which the images that came with a request are stored. */
export interface StoredInputs {
  readonly source: string;
  readonly references: readonly string[];
  readonly mask: string | null;
}

/** How one image is made: plain JSON, so that it can travel through a queue. */
export interface Job {
  /** `JOB_VERSION` of the program that made the job. */
  readonly version: number;
  /** What it is made once by: equal fingerprints, equal pixels. */
  readonly fingerprint: string;
  /** What decides the image's pixels, and is written into its file. */
  readonly image: CanonicalImage;
  /** Null where no images came with the request. */
  readonly inputs: StoredInputs | null;
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
      /** Images that share a model call share its stages: events with equal keys are one. */
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
