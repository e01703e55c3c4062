import { LRUCache } from 'lru-cache';
import type { Tensor } from '../runtime/tensor.js';

/** Encoded prompts, so that a second seed of a prompt needs no text encoder. The least recently used are evicted. */
export class PromptCache {
  readonly #embeddings: LRUCache<string, Tensor> | null;

  /** @param bytes that the embeddings may take together; 0 keeps none */
  constructor(bytes: number) {
    // To lru-cache a size of 0 would mean no limit.
    this.#embeddings =
      bytes === 0
        ? null
        : new LRUCache({ maxSize: bytes, sizeCalculation: ({ data }, key) => data.byteLength + 2 * key.length });
  }

  /**
   * @param encoder the content of the text encoder's files
   * @param ids of all that the encoder reads
   */
  async embedding(encoder: string, ids: readonly number[], encode: () => Promise<Tensor>): Promise<Tensor> {
    const key = `${encoder} ${ids.join(' ')}`;
    const known = this.#embeddings?.get(key);
    if (known !== undefined) return known;
    const result = await encode();
    this.#embeddings?.set(key, result);
    return result;
  }
}
