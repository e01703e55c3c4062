import type { ComputedBy } from './canonical.js';
import type { ModelDescription } from './model-entry.js';

/** All that a process without model files must know of a model: plain JSON, written by those that have the files. */
export interface PublishedModel {
  readonly description: ModelDescription;
  /** Among the models of its publisher: the first of all is the default. */
  readonly position: number;
  /** Hash of the files that decide its images. */
  readonly content: string;
  /** Hash of each LoRA's file, by its id. Those that cannot be used are not listed. */
  readonly loras: Readonly<Record<string, string>>;
  readonly tokenizer: TokenizerFiles;
  readonly computedBy: ComputedBy;
  /** What finds the regions of a refinement. */
  readonly regionDetector: string;
}

/** A tokenizer's files by the sha256 of their bytes, under which the file store has them. */
export interface TokenizerFiles {
  readonly 'tokenizer.json': string;
  readonly 'tokenizer_config.json': string;
}

/** What a worker, or `inkstone catalog publish`, has told of a model. */
export interface Publication {
  /** Of all that is told: equal models have equal ones. */
  readonly version: string;
  /** Milliseconds since the epoch: the newest of a model holds. */
  readonly publishedAt: number;
  /** When its publisher was last known to be there. */
  readonly seenAt: number;
  readonly model: PublishedModel;
}
