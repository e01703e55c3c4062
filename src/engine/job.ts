/**
 * The words an engine and its callers share. Everything here is plain data that survives a message between processes and JSON.
 */

export type Operation = 'GENERATE' | 'EDIT' | 'REFINE';

/** The parts of a generation that an engine times. (Encoding the finished picture is the studio's.) */
export type EngineStage = 'LOAD' | 'ENCODE_PROMPT' | 'ENCODE_IMAGE' | 'DENOISE' | 'DECODE';

/** A LoRA of the catalog and how strongly it is added: the weights become W + weight·ΔW. */
export interface AppliedLora {
  readonly id: string;
  readonly weight: number;
}

/** What every job has. Seeds are 0 … 2^53−1, as `torch.manual_seed` takes them. */
interface Drawing {
  /** Catalog id. */
  readonly model: string;
  readonly prompt: string;
  /** Used only where guidance > 0; the empty string is what the reference takes when none is given. */
  readonly negativePrompt: string;
  /** Steps of the noise schedule. */
  readonly steps: number;
  /** Diffusers convention: `pos + g·(pos − neg)`, 0 is off. */
  readonly guidance: number;
  /** The guided prediction may be at most this many times as long as the unguided one; 0 is no limit. */
  readonly guidanceNormalization: number;
  /** No guidance once the model's time (0 noise … 1 clean) is past this; 1 never ends it. */
  readonly guidanceTruncation: number;
  readonly loras: readonly AppliedLora[];
  /** Whether anybody wants to see the picture emerge. */
  readonly previews: boolean;
}

/** Pictures from words, one a seed. */
export interface GenerateJob extends Drawing {
  readonly operation: 'GENERATE';
  /** Pixels, multiples of 16. */
  readonly width: number;
  readonly height: number;
  readonly seeds: readonly number[];
}

export type EditMode = 'INPAINT' | 'STRENGTH' | 'INSTRUCTION';

/** A picture changed. Its size is the source's; sides need not be multiples of 16. */
export interface EditJob extends Drawing {
  readonly operation: 'EDIT';
  readonly mode: EditMode;
  readonly source: Pixels;
  /** INSTRUCTION: further pictures that the words speak of, after the source. */
  readonly references: readonly Pixels[];
  /** INPAINT: of the source's size. Null otherwise. */
  readonly mask: Mask | null;
  /** INPAINT and STRENGTH: 0 keeps the source, 1 ignores it. Null for INSTRUCTION. */
  readonly strength: number | null;
  readonly seed: number;
}

/** A picture improved where it needs it. Without a mask and regions, the engine finds the regions itself. */
export interface RefineJob extends Drawing {
  readonly operation: 'REFINE';
  readonly source: Pixels;
  readonly mask: Mask | null;
  readonly regions: readonly Region[] | null;
  readonly strength: number;
  readonly seed: number;
}

export type EngineJob = GenerateJob | EditJob | RefineJob;

/** A rectangle in pixels, within the picture. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What a job made. */
export interface Made {
  /** One a seed, in order. */
  readonly pictures: readonly Pixels[];
  /** REFINE: where the picture was improved. Empty otherwise. */
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
      /** Which of the job's pictures, from 0: every step is told once a picture. */
      readonly image: number;
      /** Forwards made so far, from 1. */
      readonly step: number;
      readonly totalSteps: number;
      /** Noise level after this step, 1 … 0. */
      readonly sigma: number;
      /** x̂0 through the tiny autoencoder, on some steps. */
      readonly preview: Pixels | null;
    };

/** Where it computes and, with WebGPU, in which precision: not every adapter has 16-bit floats. */
export type Device = 'cpu' | 'webgpu' | 'webgpu-float32' | 'cuda';

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
  run(job: EngineJob, options: RunOptions): Promise<Made>;
  /** Loads a model ahead of its first job. */
  load(model: string): Promise<void>;
  /** Catalog ids of the models in memory, most recently used first. */
  loaded(): readonly string[];
  /** Ends the process. Idempotent. */
  close(): Promise<void>;
}
