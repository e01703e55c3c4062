import { openTokenizer, type PromptTokenizer } from '../../engine/tokenizer.js';
import { advise, type Counted, type PromptAdvice } from '../advice/advise.js';
import type { TokenCount } from '../request/reader.js';

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

const open = new Map<string, PromptTokenizer>();

/** The thread that reads prompts: 32 KiB of them can take a second. */
export default function read(task: CountTask | AdviseTask): TokenCount | PromptAdvice {
  if (task.kind === 'advise') return advise(task.prompt, task.counted);
  const key = `${task.maxTokens} ${task.folder}`;
  const tokenizer = open.get(key) ?? openTokenizer(task.folder, task.maxTokens);
  open.set(key, tokenizer);
  const { tokens, truncated } = tokenizer.encodePrompt(task.prompt);
  return { tokens, truncated };
}
