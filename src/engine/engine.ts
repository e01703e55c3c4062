import type { Canonical, CanonicalEdit, CanonicalRefine } from '../domain/canonical.js';
import type { Device } from '../domain/device.js';
import type { Region } from '../domain/region.js';
import type { EngineStage } from '../domain/stage.js';

/**
 * The types that an engine and its callers share. Everything here is plain data that survives a message between processes and JSON.
 */

export type { Device } from '../domain/device.js';
export type { EditMode, Operation } from '../domain/operation.js';
export type { Region } from '../domain/region.js';
export type { AppliedLora } from '../domain/sampling.js';
export type { EngineStage } from '../domain/stage.js';

/** What all jobs have. Without `content`, any files of the model will do. */
interface Common extends Pick<Canonical, 'model' | 'sampling'>, Partial<Pick<Canonical, 'content'>> {
  /** Whether steps are to have previews. */
  readonly previews: boolean;
}

/** Images from prompts that share calls of the model: they have model, size and sampling in common. */
export interface GenerateJob extends Common, Pick<Canonical, 'width' | 'height'> {
  readonly operation: 'GENERATE';
  readonly items: readonly Pick<Canonical, 'prompt' | 'seed'>[];
}

/** One image from another. */
interface FromImage extends Common, Pick<Canonical, 'prompt' | 'seed'> {
  readonly source: Pixels;
  /** Of the source's size. */
  readonly mask: Mask | null;
}

export interface EditJob extends FromImage, Pick<CanonicalEdit, 'operation' | 'mode' | 'strength'> {
  readonly references: readonly Pixels[];
}

/** Without `regionDetector`, any version of it will do. */
export interface RefineJob
  extends FromImage,
    Pick<CanonicalRefine, 'operation' | 'regions' | 'strength'>,
    Partial<Pick<CanonicalRefine, 'regionDetector'>> {}

export type EngineJob = GenerateJob | EditJob | RefineJob;

/** What a job made. */
export interface EngineResult {
  /** One an item, in order. */
  readonly images: readonly Pixels[];
  /** REFINE: where the image was improved. Empty otherwise. */
  readonly regions: readonly Region[];
}

/** 8-bit grey, row-major, `width × height` bytes: white (≥ 128) is repainted. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** 8-bit RGB, row-major, `width × height × 3` bytes. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What happens while a job runs, in order. Times are milliseconds since the epoch. */
export type EngineEvent =
  | { readonly type: 'stage-started'; readonly stage: EngineStage; readonly at: number }
  | { readonly type: 'stage-finished'; readonly stage: EngineStage; readonly at: number; readonly durationMs: number }
  | {
      readonly type: 'step';
      readonly at: number;
      readonly durationMs: number;
      /** Which of the job's images, from 0: every step is reported once an image. */
      readonly image: number;
      /** Steps made so far, from 1. */
      readonly step: number;
      readonly totalSteps: number;
      /** Noise level after this step, 1 … 0. */
      readonly sigma: number;
      /** x̂0 through the tiny autoencoder, on some steps. */
      readonly preview: Pixels | null;
    };

export interface DeviceChoice {
  readonly device: Device;
  /** One sentence for the log and for `doctor`. */
  readonly reason: string;
}

export interface RunOptions {
  /** Aborting stops the job within one step; `run` then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** A job that takes longer fails with DeadlineExceeded, and the engine is restarted if it does not react. */
  readonly deadlineMs: number;
  readonly onEvent: (event: EngineEvent) => void;
}

/** One device and the process that computes on it. One job at a time. */
export interface Engine {
  /** Resolves when the process answers; rejects with a sentence when it cannot start. */
  ready(): Promise<DeviceChoice>;
  /** Makes what the job asks for. Rejects with an EngineProblem, or the signal's reason when aborted. */
  run(job: EngineJob, options: RunOptions): Promise<EngineResult>;
  /** Loads a model ahead of its first job. */
  load(model: string): Promise<void>;
  /** Catalog ids of the models in memory, most recently used first. */
  loaded(): readonly string[];
  /** Ends the process. Idempotent. */
  close(): Promise<void>;
}
