import type { Generation, GenerationStatus } from './generation.js';
import type { ImageRecord } from './image.js';
import type { ProblemRecord } from './problem.js';
import type { Stage } from './stage.js';

/** An image that is finished, and its place among those of its generation. */
export interface FinishedImage {
  readonly index: number;
  readonly image: Pick<ImageRecord, 'id' | 'regions'>;
}

/**
 * One entry of a generation's log. Everything that changes a generation is in its events. `sequence` counts from 1 without gaps, but
 * for one leap where another process took the generation over.
 */
export type GenerationEvent = {
  readonly sequence: number;
  /** Milliseconds since the epoch; never before the event before. */
  readonly at: number;
} & (
  | { readonly type: 'GenerationQueued'; readonly position: number }
  | { readonly type: 'StageStarted'; readonly stage: Stage }
  | {
      readonly type: 'StageFinished';
      readonly stage: Stage;
      readonly durationMs: number;
      /** Of ENCODE_OUTPUT: the image that is there now; null otherwise. */
      readonly finished: FinishedImage | null;
    }
  | {
      readonly type: 'StepFinished';
      /** Which of the generation's images, from 0. */
      readonly image: number;
      readonly step: number;
      readonly totalSteps: number;
      readonly sigma: number;
      /** A `data:` address, on steps that have a preview. */
      readonly preview: string | null;
    }
  | {
      readonly type: 'GenerationFinished';
      readonly status: Exclude<GenerationStatus, 'QUEUED' | 'RUNNING'>;
      readonly problem: ProblemRecord | null;
      /** All that are finished. */
      readonly finished: readonly FinishedImage[];
    }
);

/** What a reader of the log receives: each event with its generation as it is when the event is sent, and heartbeats in silence. */
export type ProgressEvent = (GenerationEvent | Heartbeat) & { readonly generation: Generation };

/** Repeats the number of the last event. */
export interface Heartbeat {
  readonly type: 'Heartbeat';
  readonly sequence: number;
  readonly at: number;
}
