import type { ModelEntry } from '../../engine/catalog.js';
import type { Counted, PromptAdvice } from '../advice/advise.js';
import type { Sources } from '../sources/sources.js';

export interface TokenCount {
  /** As the model would see them, before truncation. */
  readonly tokens: number;
  readonly truncated: boolean;
}

/** What it takes to read a request. */
export interface Reader {
  readonly catalog: readonly ModelEntry[];
  /** Hash of the model's content, its LoRAs left out. */
  readonly modelContent: (model: string) => string | Promise<string>;
  /** Hash of the content of a LoRA that the model lists. @throws CheckpointError where it does not fit the model */
  readonly loraContent: (model: string, lora: string) => string | Promise<string>;
  readonly countTokens: (model: string, prompt: string) => TokenCount | Promise<TokenCount>;
  /** Advice on a prompt that has been counted. */
  readonly advise: (prompt: string, counted: Counted) => PromptAdvice | Promise<PromptAdvice>;
  /** The class of device that pictures are made on. */
  readonly device: string;
  /** What finds the regions of a refinement, where a request names none. */
  readonly finder: string;
  readonly sources: Pick<Sources, 'open' | 'openMask'>;
}
