import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { chatTurn } from './prompt.js';

export interface EncodedPrompt {
  /** What the text encoder is given, template included. */
  readonly ids: readonly number[];
  /** Tokens of the whole turn, before anything was cut off. */
  readonly tokens: number;
  readonly truncated: boolean;
}

export interface PromptTokenizer {
  /** Wraps the prompt in its chat turn and keeps the first `maxTokens` tokens: an over-long prompt loses its tail and the turn's end. */
  encodePrompt(prompt: string): EncodedPrompt;
  /** The ids of the text itself, without template or limit. */
  encode(text: string): readonly number[];
}

/**
 * Opens a tokenizer folder (`tokenizer.json`, `tokenizer_config.json`). Reading a large vocabulary takes up to a second.
 *
 * @param maxTokens as `max_sequence_length` of the reference
 */
export function openTokenizer(folder: string, maxTokens = 512): PromptTokenizer {
  const tokenizer = new Tokenizer(read(folder, 'tokenizer.json'), read(folder, 'tokenizer_config.json'));
  // Special tokens in a user's text are tokens, as in the reference; what is left out is only what a post-processor would add.
  const encode = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  return {
    encode,
    encodePrompt(prompt) {
      const ids = encode(chatTurn(prompt));
      return { ids: ids.slice(0, maxTokens), tokens: ids.length, truncated: ids.length > maxTokens };
    },
  };
}

function read(folder: string, name: string): object {
  const file = join(folder, name);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as object;
  } catch (error) {
    throw new Error(`Expected a tokenizer in ${file} but ${(error as Error).message}.`, { cause: error });
  }
}
