import type { EditMode, Operation } from './operation.js';
import type { ProblemRecord } from './problem.js';
import type { Region } from './region.js';
import type { AppliedLora } from './sampling.js';
import type { StageTiming } from './stage.js';

export type GenerationStatus = 'QUEUED' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELLED';
export type CacheOutcome = 'HIT' | 'SHARED' | 'MISS';

/** One image of a generation, as far as it has come. */
export interface ImageProgress {
  /** Steps made so far, of those that will run. */
  readonly step: number;
  readonly totalSteps: number;
  /** Content address (sha256); null until it is finished. */
  readonly imageId: string | null;
}

/** A generation as it is at one moment: a plain, immutable record. */
export interface Generation {
  readonly id: string;
  /** Whose it is: no other tenant sees it. */
  readonly tenant: string;
  readonly operation: Operation;
  readonly status: GenerationStatus;
  readonly modelName: string;
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly guidance: number;
  readonly count: number;
  readonly loras: readonly AppliedLora[];
  /** Of an edit; null otherwise. */
  readonly editMode: EditMode | null;
  /** Of an edit or refinement that has one; null otherwise. */
  readonly strength: number | null;
  /** The image of ours that was edited; null where there was none, or one from elsewhere. */
  readonly sourceId: string | null;
  /** Of a refinement: where it improves the image, once that is known. */
  readonly regions: readonly Region[];
  readonly promptTokens: number;
  readonly promptTruncated: boolean;
  readonly cache: CacheOutcome;
  readonly fingerprint: string;
  /** Steps made so far, of those that will run, over all its images. */
  readonly step: number;
  readonly totalSteps: number;
  readonly queuePosition: number | null;
  /** Content addresses (sha256) of the finished images, in order. */
  readonly imageIds: readonly string[];
  /** One an image, in the order of their seeds. */
  readonly images: readonly ImageProgress[];
  readonly timings: readonly StageTiming[];
  readonly problem: ProblemRecord | null;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  readonly finishedAt: number | null;
}
