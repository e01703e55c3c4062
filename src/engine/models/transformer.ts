import { paddedLength } from '../../domain/latent.js';
import { integers, type Output, type SessionOptions } from '../runtime/session.js';
import { type Tensor, tensor } from '../runtime/tensor.js';
import type { LowRankInputs } from './loras.js';
import { byLayout, type Conditioned, type Together } from './noise-predictor.js';
import { type ConditionImage, type Segments, underInstruction } from './omni.js';
import {
  type GraphsOf,
  type Mode,
  openTransformerSessions,
  type TransformerGraphs,
  type TransformerSessions,
} from './transformer-sessions.js';

/** Z-Image's transformer. What depends on prompt and size alone is computed once, the rest at every step. */
export interface Transformer {
  /**
   * @param embeddings one [L, D] an item, of any lengths
   * @param changes to its linear layers, where it was opened with graphs that take them
   */
  condition(embeddings: readonly Tensor[], changes?: LowRankInputs): Conditioned;
  /**
   * The same of images that words say how to change, where it was opened with such graphs.
   *
   * @param prompts the embeddings of each item's segments
   * @param images that all items have before their eyes
   */
  instruct(prompts: readonly Segments[], images: readonly ConditionImage[], changes?: LowRankInputs): Conditioned;
  dispose(): Promise<void>;
}

/**
 * @param others makes the graphs for everything but words alone
 * @param first what it is going to be used for first
 */
export async function openTransformer(
  graphs: TransformerGraphs,
  options: SessionOptions,
  others: GraphsOf | null = null,
  first: Mode = 'words',
): Promise<Transformer> {
  const sessions = await openTransformerSessions(graphs, options, others, first);
  return {
    condition: (embeddings, changes = {}) =>
      byLayout(
        embeddings,
        ({ shape }) => String(paddedLength(shape[0]!)),
        (some) => promptPredictor(sessions, some, changes),
      ),
    instruct: (prompts, images, changes = {}) => underInstruction(sessions, prompts, images, changes),
    dispose: () => sessions.dispose(),
  };
}

/** Items whose embeddings are padded to the same length: one call computes them all. */
function promptPredictor(
  sessions: TransformerSessions,
  embeddings: readonly Tensor[],
  changes: LowRankInputs,
): Together {
  const lengths = embeddings.map(({ shape }) => shape[0]!);
  const once = { caption: padded(embeddings), caption_lengths: integers([lengths.length], lengths) };
  let prepared: Readonly<Record<string, Output>> | null = null;
  return {
    async predict(latents, times) {
      const size = integers([2], latents.shape.slice(2));
      const { prepare, step, inputs } = await sessions.of('words', changes);
      prepared ??= await prepare.run({ ...once, latent_size: size, ...inputs.prepare(changes) });
      const tau = tensor([times.length], Float32Array.from(times));
      const { output } = await step.run({ latents, tau, ...prepared, ...inputs.step(changes) });
      return output!.read();
    },
    release() {
      for (const output of Object.values(prepared ?? {})) output.dispose();
      prepared = null;
    },
  };
}

/** Embeddings [L, D] as one [B, max L, D], zero past each one's end. */
function padded(embeddings: readonly Tensor[]): Tensor {
  const longest = Math.max(...embeddings.map(({ shape }) => shape[0]!));
  const width = embeddings[0]!.shape[1]!;
  const data = new Float32Array(embeddings.length * longest * width);
  for (const [i, embedding] of embeddings.entries()) data.set(embedding.data, i * longest * width);
  return { shape: [embeddings.length, longest, width], data };
}
