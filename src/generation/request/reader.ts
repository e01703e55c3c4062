import type { Finding } from '../../catalog/findings.js';
import type { ComputedBy } from '../../domain/canonical.js';
import type { ModelDescription } from '../../domain/model-entry.js';
import type { TokenCount } from '../../domain/prompt.js';
import type { Sources } from '../../inputs/sources.js';
import type { Counted, PromptAdvice } from '../advice/advise.js';

/** Which models and LoRAs of the catalog can be used now, by the state of their files. */
export interface Usable {
  /** Null where the model can be used. */
  readonly modelFinding: (model: string) => Finding | null | Promise<Finding | null>;
  /** What is known without waiting; null also where nothing is. */
  readonly knownFinding: (model: string) => Finding | null;
  /** Null where the LoRA fits the model and can be used. */
  readonly loraFinding: (model: string, lora: string) => Finding | null | Promise<Finding | null>;
}

/** What it takes to read a request. */
export interface RequestContext {
  readonly catalog: readonly ModelDescription[];
  readonly usable: Usable;
  /** Hash of the model's content as it is now, its LoRAs left out. @throws CheckpointError */
  readonly modelContent: (model: string) => string | Promise<string>;
  /** Hash of the content of a LoRA that the model lists, as it is now. @throws CheckpointError */
  readonly loraContent: (model: string, lora: string) => string | Promise<string>;
  readonly countTokens: (model: string, prompt: string) => TokenCount | Promise<TokenCount>;
  /** Advice on a prompt that has been counted. */
  readonly advise: (prompt: string, counted: Counted) => PromptAdvice | Promise<PromptAdvice>;
  readonly computedBy: (model: string) => ComputedBy;
  /** What finds the regions of the model's refinements, where a request names none. @throws CheckpointError */
  readonly regionDetector: (model: string) => string | Promise<string>;
  readonly sources: Pick<Sources, 'open' | 'openMask'>;
}
