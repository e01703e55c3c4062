import type { Caller } from '../domain/caller.js';
import type { ProgressEvent } from '../domain/event.js';
import type { Generation } from '../domain/generation.js';
import type { Image } from '../domain/image.js';
import type { EditMode, Operation } from '../domain/operation.js';
import type { Region } from '../domain/region.js';
import type { AppliedLora, Sampling } from '../domain/sampling.js';
import type { VariantRequest, VariantResult } from '../domain/variant.js';
import type { ImageRequest } from '../inputs/source.js';
import type { QueueMetrics } from '../jobs/queue.js';
import type { PromptAdvice } from './advice/advise.js';

export type { ProgressEvent } from '../domain/event.js';
export type { CacheOutcome, Generation, GenerationStatus } from '../domain/generation.js';
export type { Image } from '../domain/image.js';
export type { ProblemRecord } from '../domain/problem.js';
export type { Stage, StageTiming } from '../domain/stage.js';

/** What the use cases take and give. The schema is a thin face of these types. */

export type CachePolicy = 'DEFAULT' | 'REFRESH' | 'ONLY';

/** What may be left out: null and undefined mean the same. */
type Optional<T> = { readonly [Field in keyof T]?: T[Field] | null | undefined };

/** What every request may say. */
export type SamplingRequest = Optional<{
  /** A catalog id; left out, the first that can do it. */
  model: string;
  steps: number;
  /** Left out, a random one, which bypasses the result cache. */
  seed: number;
  loras: readonly AppliedLora[];
  cache: CachePolicy;
}>;

/** What requests with guidance may say. */
export type GuidedRequest = SamplingRequest &
  Optional<Omit<Sampling, keyof SamplingRequest> & { negativePrompt: string; dynamicGuidance: boolean }>;

export type GenerateRequest = GuidedRequest &
  Optional<{ width: number; height: number; count: number }> & { readonly prompt: string };

export type EditRequest = GuidedRequest &
  Optional<{
    /** Further images that the instruction names. */
    references: readonly ImageRequest[];
    /** White is repainted. */
    mask: ImageRequest;
    /** 0 keeps the source, 1 ignores it. */
    strength: number;
  }> & { readonly image: ImageRequest; readonly prompt: string };

export type RefineRequest = SamplingRequest &
  Optional<{ prompt: string; strength: number; mask: ImageRequest; regions: readonly Region[] }> & {
    readonly image: ImageRequest;
  };

export interface SubmitOptions {
  /** Milliseconds to wait for the finished generation; 0 answers at once. */
  readonly waitMs: number;
  /** Aborted when the caller is gone: a generation whose id did not reach it is cancelled. */
  readonly signal: AbortSignal;
}

export interface Model {
  readonly id: string;
  readonly name: string;
  readonly family: string;
  readonly operations: readonly Operation[];
  readonly editModes: readonly EditMode[];
  readonly defaultSteps: number;
  readonly defaultGuidance: number;
  readonly defaultRefineSteps: number;
  readonly defaultRefineStrength: number;
  readonly defaultWidth: number;
  readonly defaultHeight: number;
  /** Of a side, in pixels. */
  readonly minSide: number;
  readonly maxSide: number;
  readonly maxPixels: number;
  readonly maxPromptTokens: number;
  readonly maxReferences: number;
  readonly supportsGuidance: boolean;
  readonly supportsNegativePrompt: boolean;
  readonly loras: readonly Lora[];
  readonly loaded: boolean;
}

/** A LoRA that may be asked for with a model. */
export interface Lora {
  /** Catalog id of the model that lists it: each model may call another file so. */
  readonly model: string;
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

/**
 * The use cases. Each runs on behalf of a caller, for whom the generations of other tenants do not exist. An image is readable by each
 * caller that knows its id, the hash of its file: the id is its address.
 *
 * Methods reject with a Problem of `problems.ts` where a client can act on it.
 */
export interface UseCases {
  generate(caller: Caller, request: GenerateRequest, options: SubmitOptions): Promise<Generation>;
  edit(caller: Caller, request: EditRequest, options: SubmitOptions): Promise<Generation>;
  refine(caller: Caller, request: RefineRequest, options: SubmitOptions): Promise<Generation>;
  /** Leaves the generation's jobs; the last to leave stops the work. A finished generation is returned as it is. */
  cancel(caller: Caller, id: string): Promise<Generation>;
  /** Null for ids that are unknown (or older than the store keeps). */
  generation(caller: Caller, id: string): Promise<Generation | null>;
  generations(caller: Caller, ids: readonly string[]): Promise<readonly (Generation | null)[]>;
  image(caller: Caller, id: string): Promise<Image | null>;
  images(caller: Caller, ids: readonly string[]): Promise<readonly (Image | null)[]>;
  /** What a model will make of a prompt. Left out, the default model. */
  promptAdvice(caller: Caller, prompt: string, model: string | null): Promise<PromptAdvice>;
  /** Those that can be used, with the LoRAs that can. */
  models(caller: Caller): Promise<readonly Model[]>;
  /** Null where there is none, or it cannot be used. */
  model(caller: Caller, id: string): Promise<Model | null>;
  /** Everything since `after`, then live, heartbeats in between; ends after GenerationFinished. Rejects with NotFound. */
  progress(caller: Caller, id: string, after: number, signal: AbortSignal): AsyncIterable<ProgressEvent>;
  /** The signal is aborted when the caller is gone. Rejects with InvalidInput, or the signal's reason. */
  variant(id: string, request: VariantRequest, signal?: AbortSignal): Promise<VariantResult>;
  /** What waits and runs, for metrics. */
  queueMetrics(): Promise<QueueMetrics>;
  /** True when the default model is loaded and the engine answers, and images can be stored, as far as that is known. */
  ready(): boolean;
  /** The same after looking whether images can be stored; null when it is ready, else one sentence that says why it is not. */
  notReady(): Promise<string | null>;
  /** Refuses new work, finishes what runs within `graceMs` and leaves the rest to the next process, ends every reader, closes the stores. */
  close(graceMs: number): Promise<void>;
}
