import { contentVersion } from '../../checkpoint/index.js';
import type { TokenCount } from '../../domain/prompt.js';
import { openTokenizer, type PromptTokenizer } from '../../engine/models/tokenizer.js';
import { advise, type Counted, type PromptAdvice } from '../advice/advise.js';

export interface CountTask {
  readonly kind: 'count';
  /** The tokenizer's folder. */
  readonly folder: string;
  readonly maxTokens: number;
  readonly prompt: string;
}

export interface AdviseTask {
  readonly kind: 'advise';
  readonly prompt: string;
  readonly counted: Counted;
}

/** By folder, with the version of its files. */
const open = new Map<string, { readonly version: string; readonly tokenizer: PromptTokenizer }>();

/** The thread that reads prompts: 32 KiB of them can take a second. */
export default function read(task: CountTask | AdviseTask): TokenCount | PromptAdvice {
  if (task.kind === 'advise') return advise(task.prompt, task.counted);
  const key = `${task.maxTokens} ${task.folder}`;
  const version = contentVersion([task.folder]);
  const known = open.get(key);
  const tokenizer = known?.version === version ? known.tokenizer : openTokenizer(task.folder, task.maxTokens);
  open.set(key, { version, tokenizer });
  const { tokens, truncated } = tokenizer.encodePrompt(task.prompt);
  return { tokens, truncated };
}
