import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer } from '@huggingface/tokenizers';
import { CheckpointError } from '../../checkpoint/index.js';
import { chatTurn } from './chat-template.js';

export interface EncodedPrompt {
  /** What the text encoder is given, template included. */
  readonly ids: readonly number[];
  /** Tokens of the whole turn, before anything was cut off. */
  readonly tokens: number;
  readonly truncated: boolean;
}

export interface PromptTokenizer {
  /** Ids are below this. */
  readonly vocabulary: number;
  /** Wraps the prompt in its chat turn and keeps the first `maxTokens` tokens: an over-long prompt loses its tail and the turn's end. */
  encodePrompt(prompt: string): EncodedPrompt;
  /** The ids of the text itself, without template or limit. */
  encode(text: string): readonly number[];
}

/**
 * Opens a tokenizer folder (`tokenizer.json`, `tokenizer_config.json`). Reading a large vocabulary takes up to a second.
 *
 * @param maxTokens as `max_sequence_length` of the reference
 * @throws CheckpointError
 */
export function openTokenizer(folder: string, maxTokens = 512): PromptTokenizer {
  const model = read(folder, 'tokenizer.json');
  const tokenizer = opened(folder, model, read(folder, 'tokenizer_config.json'));
  // Special tokens in a user's text are tokens, as in the reference; what is left out is only what a post-processor would add.
  const encode = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids;
  return {
    vocabulary: vocabularyOf(tokenizer),
    encode,
    encodePrompt(prompt) {
      const ids = encode(chatTurn(prompt));
      return { ids: ids.slice(0, maxTokens), tokens: ids.length, truncated: ids.length > maxTokens };
    },
  };
}

function opened(folder: string, model: object, config: object): Tokenizer {
  try {
    return new Tokenizer(model, config);
  } catch (error) {
    throw unusable(join(folder, 'tokenizer.json'), error);
  }
}

function vocabularyOf(tokenizer: Tokenizer): number {
  let largest = -1;
  for (const id of tokenizer.get_vocab().values()) largest = Math.max(largest, id);
  return largest + 1;
}

function read(folder: string, name: string): object {
  const file = join(folder, name);
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as object;
  } catch (error) {
    throw unusable(file, error);
  }
}

function unusable(file: string, error: unknown): CheckpointError {
  const fault = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'missing' : 'damaged';
  const message = `Expected a tokenizer in ${file} but ${(error as Error).message}.`;
  return new CheckpointError(message, fault, { cause: error });
}
