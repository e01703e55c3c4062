import { describe, expect, it } from 'vitest';
import { PromptCache } from '../../src/engine/pipelines/prompt-cache.js';
import { tensor } from '../../src/engine/runtime/tensor.js';

/** A cache, and how often its encoder was asked. */
function counting(bytes: number) {
  const cache = new PromptCache(bytes);
  let encoded = 0;
  const embedding = (encoder: string, ids: readonly number[]) =>
    cache.embedding(encoder, ids, async () => {
      encoded++;
      return tensor([ids.length, 2], new Float32Array(2 * ids.length));
    });
  return { embedding, encoded: () => encoded };
}

describe('an encoded prompt', () => {
  it('serves the next seed without the text encoder', async () => {
    const { embedding, encoded } = counting(2 ** 16);
    const first = await embedding('one', [1, 2, 3]);
    expect(await embedding('one', [1, 2, 3])).toBe(first);
    expect(encoded()).toBe(1);
  });

  it('serves no other words, and no other encoder', async () => {
    const { embedding, encoded } = counting(2 ** 16);
    await embedding('one', [1, 2, 3]);
    await embedding('one', [1, 2]);
    await embedding('another', [1, 2, 3]);
    expect(encoded()).toBe(3);
  });

  it('is not kept where the settings keep none', async () => {
    const { embedding, encoded } = counting(0);
    await embedding('one', [1]);
    await embedding('one', [1]);
    expect(encoded()).toBe(2);
  });
});
