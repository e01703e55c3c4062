import type { CompiledGraph } from '../../compiler/index.js';
import { integers, openSession, type SessionOptions } from '../runtime/session.js';
import { type Tensor, tensor } from '../runtime/tensor.js';

/** Qwen3 up to its second to last hidden state, without the final norm. */
export interface TextEncoder {
  /** Token ids → [L, D]. */
  encode(ids: readonly number[]): Promise<Tensor>;
  dispose(): Promise<void>;
}

export async function openTextEncoder(graph: CompiledGraph, options: SessionOptions): Promise<TextEncoder> {
  const session = await openSession(graph, options);
  return {
    // One prompt a call and no padding: the encoder is causal, so padding on the right changes nothing but the time it takes.
    async encode(ids) {
      const { embeds } = await session.run({ ids: integers([1, ids.length], ids) });
      const { shape, data } = embeds!.read();
      return tensor(shape.slice(1), data);
    },
    dispose: () => session.dispose(),
  };
}
