import { paddedLength } from '../../domain/latent.js';
import { integers, type Output, type SessionOptions } from '../runtime/session.js';
import { type Tensor, tensor } from '../runtime/tensor.js';
import type { LowRankInputs } from './loras.js';
import { type GroupPredictor, groupByShape, type NoisePredictor } from './noise-predictor.js';
import { type ConditionImage, OmniGroup, type Segments } from './omni.js';
import { type GraphsOf, type Mode, type TransformerGraphs, TransformerSessions } from './transformer-sessions.js';

/** Z-Image's transformer. What depends on prompt and size alone is computed once, the rest at every step. */
export class Transformer {
  readonly #sessions: TransformerSessions;

  private constructor(sessions: TransformerSessions) {
    this.#sessions = sessions;
  }

  /**
   * @param others makes the graphs for everything but prompts alone
   * @param first what it is going to be used for first
   */
  static async open(
    graphs: TransformerGraphs,
    options: SessionOptions,
    others: GraphsOf | null = null,
    first: Mode = 'prompts',
  ): Promise<Transformer> {
    return new Transformer(await TransformerSessions.open(graphs, options, others, first));
  }

  /**
   * The predictor of images from prompts.
   *
   * @param embeddings one [L, D] an item, of any lengths
   * @param changes to its linear layers, where it was opened with graphs that take them
   */
  promptPredictor(embeddings: readonly Tensor[], changes: LowRankInputs = {}): NoisePredictor {
    return groupByShape(
      embeddings,
      ({ shape }) => String(paddedLength(shape[0]!)),
      (some) => new PromptGroup(this.#sessions, some, changes),
    );
  }

  /**
   * The predictor of images after references, where it was opened with graphs of the omni sequence.
   *
   * @param prompts the embeddings of each item's segments
   * @param images the references, which all items share
   */
  referencePredictor(
    prompts: readonly Segments[],
    images: readonly ConditionImage[],
    changes: LowRankInputs = {},
  ): NoisePredictor {
    return groupByShape(
      prompts,
      (segments) => segments.map(({ shape }) => paddedLength(shape[0]!)).join(),
      (some) => new OmniGroup(this.#sessions, some, images, changes),
    );
  }

  dispose(): Promise<void> {
    return this.#sessions.dispose();
  }
}

/** Items whose embeddings are padded to the same length. */
class PromptGroup implements GroupPredictor {
  readonly #sessions: TransformerSessions;
  readonly #changes: LowRankInputs;
  readonly #prompts: { readonly caption: Tensor; readonly caption_lengths: ReturnType<typeof integers> };
  /** What `prepare` gave, which every step is given. */
  #prepared: Readonly<Record<string, Output>> | null = null;

  constructor(sessions: TransformerSessions, embeddings: readonly Tensor[], changes: LowRankInputs) {
    this.#sessions = sessions;
    this.#changes = changes;
    const lengths = embeddings.map(({ shape }) => shape[0]!);
    this.#prompts = { caption: padded(embeddings), caption_lengths: integers([lengths.length], lengths) };
  }

  async predict(latents: Tensor, times: readonly number[]): Promise<Tensor> {
    const graphs = await this.#sessions.of('prompts', this.#changes);
    const size = integers([2], latents.shape.slice(2));
    this.#prepared ??= await graphs.run('prepare', { ...this.#prompts, latent_size: size }, this.#changes);
    const tau = tensor([times.length], Float32Array.from(times));
    const { output } = await graphs.run('step', { latents, tau, ...this.#prepared }, this.#changes);
    return output!.read();
  }

  release(): void {
    for (const output of Object.values(this.#prepared ?? {})) output.dispose();
    this.#prepared = null;
  }
}

/** Embeddings [L, D] as one [B, max L, D], zero past each one's end. */
function padded(embeddings: readonly Tensor[]): Tensor {
  const longest = Math.max(...embeddings.map(({ shape }) => shape[0]!));
  const width = embeddings[0]!.shape[1]!;
  const data = new Float32Array(embeddings.length * longest * width);
  for (const [i, embedding] of embeddings.entries()) data.set(embedding.data, i * longest * width);
  return { shape: [embeddings.length, longest, width], data };
}
