/**
 * The words an engine and its callers share. Everything here is plain data that survives a message between processes and JSON.
 */

export type Operation = 'GENERATE' | 'EDIT' | 'REFINE';

/** The parts of a generation that an engine times. (Encoding the finished picture is the studio's.) */
export type EngineStage = 'LOAD' | 'ENCODE_PROMPT' | 'ENCODE_IMAGE' | 'DENOISE' | 'DECODE';

/** One picture from words. `seed` decides the starting noise: 0 … 2^53−1, as `torch.manual_seed` takes it. */
export interface GenerateJob {
  readonly operation: 'GENERATE';
  /** Catalog id. */
  readonly model: string;
  readonly prompt: string;
  /** Used only where guidance > 0; the empty string is what the reference takes when none is given. */
  readonly negativePrompt: string;
  /** Pixels, multiples of 16. */
  readonly width: number;
  readonly height: number;
  /** Forwards of the transformer. */
  readonly steps: number;
  /** Diffusers convention: `pos + g·(pos − neg)`, 0 is off. */
  readonly guidance: number;
  readonly seed: number;
  /** Whether anybody wants to see the picture emerge. */
  readonly previews: boolean;
}

export type EngineJob = GenerateJob;

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
      /** Forwards made so far, from 1. */
      readonly step: number;
      readonly totalSteps: number;
      /** Noise level after this step, 1 … 0. */
      readonly sigma: number;
      /** x̂0 through the tiny autoencoder, on some steps. */
      readonly preview: Pixels | null;
    };

export type Device = 'cpu' | 'webgpu' | 'cuda';

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
  /** Makes one picture. Rejects with an EngineProblem, or the signal's reason when aborted. */
  run(job: EngineJob, options: RunOptions): Promise<Pixels>;
  /** Loads a model ahead of its first job. */
  load(model: string): Promise<void>;
  /** Catalog ids of the models in memory, most recently used first. */
  loaded(): readonly string[];
  /** Ends the process. Idempotent. */
  close(): Promise<void>;
}
