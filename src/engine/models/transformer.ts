import type { CompiledGraph } from '../../compiler/index.js';
import type { VelocityField } from '../denoise.js';
import type { Device } from '../job.js';
import type { LowRankInputs } from '../loras.js';
import { modelTime } from '../schedule.js';
import { integers, type Output, openSession, type Session, type SessionOptions } from '../session.js';
import { concat, items, scaled, type Tensor, tensor } from '../tensor.js';

/** Captions are padded, visibly to the model, to a multiple of this. */
const CAPTION_MULTIPLE = 32;

/** Z-Image's transformer. What depends on prompt and size alone is computed once, the rest at every step. */
export interface Transformer {
  /**
   * @param embeddings one [L, D] an item, of any lengths
   * @param changes to its linear layers, where it was opened with graphs that take them
   */
  condition(embeddings: readonly Tensor[], changes?: LowRankInputs): Conditioned;
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

/**
 * @param adaptable makes graphs whose linear layers take low-rank terms. They cost a little more at every step, so they are opened when
 * the first changes come, in place of the others: the weights are never in memory twice. Then they stay, because without changes
 * they compute the same bits, and opening takes longer than they cost.
 */
export async function openTransformer(
  graphs: TransformerGraphs,
  options: SessionOptions,
  adaptable: (() => TransformerGraphs) | null = null,
): Promise<Transformer> {
  let opened: Opened | null = await open(graphs, options);
  let takesChanges = false;

  async function sessions(changes: LowRankInputs): Promise<Opened> {
    if (adaptable !== null && !takesChanges && Object.keys(changes).length > 0) {
      await opened?.dispose();
      opened = null;
      opened = await open(adaptable(), options);
      takesChanges = true;
    }
    opened ??= await open(graphs, options);
    return opened;
  }

  /** Items whose embeddings are padded to the same length: one call computes them all. */
  function conditionAlike(embeddings: readonly Tensor[], changes: LowRankInputs) {
    const lengths = embeddings.map(({ shape }) => shape[0]!);
    const once = { caption: padded(embeddings), caption_lengths: integers([lengths.length], lengths) };
    let prepared: Readonly<Record<string, Output>> | null = null;
    return {
      async predict(latents: Tensor, times: readonly number[]) {
        const size = integers([2], latents.shape.slice(2));
        const { prepare, step, inputs } = await sessions(changes);
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

  return {
    condition(embeddings, changes = {}) {
      const groups = alike(embeddings).map((members) => ({
        members,
        conditioned: conditionAlike(
          members.map((i) => embeddings[i]!),
          changes,
        ),
      }));
      const predict = async (latents: Tensor, times: readonly number[]) => {
        const outputs: Tensor[] = [];
        for (const { members, conditioned } of groups) {
          const theirs = concat(members.map((i) => items(latents, i, i + 1)));
          const output = await conditioned.predict(
            theirs,
            members.map((i) => times[i]!),
          );
          for (const [row, i] of members.entries()) outputs[i] = items(output, row, row + 1);
        }
        return concat(outputs);
      };
      return {
        predict,
        // The model points from noise to picture, a velocity the other way.
        async velocity(x, sigma) {
          const times = embeddings.map(() => modelTime(sigma));
          return scaled(await predict(x, times), -1);
        },
        release() {
          for (const { conditioned } of groups) conditioned.release();
        },
      };
    },
    async dispose() {
      await opened?.dispose();
      opened = null;
    },
  };
}

interface Opened {
  readonly prepare: Session;
  readonly step: Session;
  /** What the low-rank inputs of each graph are fed. */
  readonly inputs: { prepare(changes: LowRankInputs): LowRankInputs; step(changes: LowRankInputs): LowRankInputs };
  dispose(): Promise<void>;
}

async function open(graphs: TransformerGraphs, options: SessionOptions): Promise<Opened> {
  const prepare = await openSession(graphs.prepare, options);
  const step = await openSession(graphs.step, options);
  return {
    prepare,
    step,
    inputs: {
      prepare: (changes) => lowRank(graphs.prepare, changes, options.device),
      step: (changes) => lowRank(graphs.step, changes, options.device),
    },
    async dispose() {
      await prepare.dispose();
      await step.dispose();
    },
  };
}

/** What a graph's low-rank inputs are fed: each layer's change or, where there is none, nothing. */
function lowRank({ inputs }: CompiledGraph, changes: LowRankInputs, device: Device): LowRankInputs {
  const names = inputs.filter(({ name }) => name.endsWith('.lora_A') || name.endsWith('.lora_B'));
  // A rank of 0 is exact and free on the CPU; elsewhere buffers of no bytes are not to be relied on, and a product with 0 is as exact.
  const least = device === 'cpu' ? 0 : 1;
  const nothing = (shape: readonly (number | string)[]) => {
    const sizes = shape.map((size) => (typeof size === 'number' ? size : least));
    return tensor(sizes, new Float32Array(sizes.reduce((product, size) => product * size, 1)));
  };
  return Object.fromEntries(names.map(({ name, shape }) => [name, changes[name] ?? nothing(shape)]));
}

/**
 * Indices of embeddings that are padded to the same length. Within such a group nothing need be masked, and apart from each other
 * no group pays for the padding of a longer one.
 */
function alike(embeddings: readonly Tensor[]): readonly (readonly number[])[] {
  const groups = new Map<number, number[]>();
  for (const [i, { shape }] of embeddings.entries()) {
    const length = Math.ceil(shape[0]! / CAPTION_MULTIPLE);
    groups.set(length, [...(groups.get(length) ?? []), i]);
  }
  return [...groups.values()];
}

/** Embeddings [L, D] as one [B, max L, D], zero past each one's end. */
function padded(embeddings: readonly Tensor[]): Tensor {
  const longest = Math.max(...embeddings.map(({ shape }) => shape[0]!));
  const width = embeddings[0]!.shape[1]!;
  const data = new Float32Array(embeddings.length * longest * width);
  for (const [i, embedding] of embeddings.entries()) data.set(embedding.data, i * longest * width);
  return { shape: [embeddings.length, longest, width], data };
}
