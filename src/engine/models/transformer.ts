import type { CompiledGraph } from '../../compiler/index.js';
import type { VelocityField } from '../denoise.js';
import { modelTime } from '../schedule.js';
import { integers, type Output, openSession, type SessionOptions } from '../session.js';
import { scaled, type Tensor } from '../tensor.js';

/** Z-Image's transformer. What depends on prompt and size alone is computed once, the rest at every step. */
export interface Transformer {
  /** @param embeddings one [L, D] an item, of any lengths */
  condition(embeddings: readonly Tensor[]): Conditioned;
  dispose(): Promise<void>;
}

/** The transformer given its prompts. Latents are [B, 16, h, w], with one item an embedding and the same size at every call. */
export interface Conditioned {
  /** The raw prediction, which points from noise to picture, at one model time an item (0 noise … 1 clean). */
  predict(latents: Tensor, times: readonly number[]): Promise<Tensor>;
  readonly velocity: VelocityField;
  /** Frees what was computed once. */
  release(): void;
}

export interface TransformerGraphs {
  readonly prepare: CompiledGraph;
  readonly step: CompiledGraph;
}

export async function openTransformer(graphs: TransformerGraphs, options: SessionOptions): Promise<Transformer> {
  const prepare = await openSession(graphs.prepare, options);
  const step = await openSession(graphs.step, options);
  return {
    condition(embeddings) {
      let prepared: Promise<Readonly<Record<string, Output>>> | null = null;
      const predict = async (latents: Tensor, times: readonly number[]) => {
        const [batch, , height, width] = latents.shape as [number, number, number, number];
        prepared ??= prepare.run({
          caption: padded(embeddings),
          caption_lengths: integers(
            [batch],
            embeddings.map(({ shape }) => shape[0]!),
          ),
          latent_size: integers([2], [height, width]),
        });
        const { output } = await step.run({
          latents,
          tau: { shape: [batch], data: Float32Array.from(times) },
          ...(await prepared),
        });
        return output!.read();
      };
      return {
        predict,
        // The model points from noise to picture, a velocity the other way.
        velocity: async (x, sigma) =>
          scaled(
            await predict(
              x,
              embeddings.map(() => modelTime(sigma)),
            ),
            -1,
          ),
        release() {
          prepared?.then((outputs) => {
            for (const output of Object.values(outputs)) output.dispose();
          });
        },
      };
    },
    async dispose() {
      await prepare.dispose();
      await step.dispose();
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
