import { LRUCache } from 'lru-cache';
import type { TokenCount } from '../../domain/prompt.js';
import type { RequestContext } from '../request/reader.js';

type CountTokens = RequestContext['countTokens'];

/** Counts of the latest prompts, so that a repeated request needs no tokenizer. @param modelVersion another one when its files change */
export function memoizedTokenCounts(countTokens: CountTokens, modelVersion: (model: string) => string): CountTokens {
  const counts = new LRUCache<string, TokenCount | Promise<TokenCount>>({
    max: 5000,
    maxSize: 8 * 1024 ** 2,
    sizeCalculation: (_, key) => key.length,
  });
  return async (model, prompt) => {
    const key = `${model} ${modelVersion(model)}\n${prompt}`;
    const known = counts.get(key) ?? countTokens(model, prompt);
    // Before it is awaited: equal prompts of the same moment are counted once.
    counts.set(key, known);
    try {
      return await known;
    } catch (error) {
      counts.delete(key);
      throw error;
    }
  };
}
