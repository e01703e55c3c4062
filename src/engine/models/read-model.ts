import { readSchedulerConfig } from '../../checkpoint/index.js';
import {
  type CompiledGraph,
  compileImageEncoder,
  compileOmniTransformer,
  compileTextEncoder,
  compileTinyDecoder,
  compileTransformer,
  compileVaeDecoder,
  compileVaeEncoder,
  type ImageEncoderConfig,
  type TextEncoderConfig,
  type TinyAutoencoderConfig,
  type TransformerConfig,
  type VaeConfig,
} from '../../compiler/index.js';
import type { ComponentLocations, ModelEntry } from '../../domain/model-entry.js';
import type { Device } from '../engine.js';
import { each } from './each.js';
import { requireFit } from './fit.js';
import { openTokenizer, type PromptTokenizer } from './tokenizer.js';
import type { TransformerGraphs } from './transformer-sessions.js';

export interface ReadOptions {
  readonly device: Device;
  /** Whether it is to follow instructions about images. */
  readonly instructions: boolean;
  /** The largest requests that it must serve. */
  readonly limits: Pick<ModelEntry['limits'], 'maxSide' | 'maxPromptTokens'>;
}

/** A Z-Image model as its files tell: everything that can be known without reading a weight. */
export interface ReadModel {
  /** Of the noise schedule. */
  readonly shift: number;
  readonly tokenizer: PromptTokenizer;
  readonly textEncoder: CompiledGraph & { readonly config: TextEncoderConfig };
  readonly transformer: TransformerGraphs & { readonly config: TransformerConfig };
  /** The same weights in omni mode; null where no instructions are to be followed. */
  readonly omni: TransformerGraphs | null;
  readonly decoder: CompiledGraph & { readonly config: VaeConfig };
  readonly encoder: CompiledGraph;
  readonly tinyDecoder: (CompiledGraph & { readonly config: TinyAutoencoderConfig }) | null;
  /** Null where there is none, or the transformer has no use for one. */
  readonly imageEncoder: (CompiledGraph & { readonly config: ImageEncoderConfig }) | null;
}

/** @throws CheckpointError where a file cannot be used, a tensor is missing or has the wrong shape, or the parts do not fit one another */
export function readModel(folders: ComponentLocations, { device, instructions, limits }: ReadOptions): ReadModel {
  const target = { target: device };
  const { adapter, preview } = folders;
  const { schedule, transformer, ...parts } = each({
    schedule: () => readSchedulerConfig(folders.scheduler),
    transformer: () => compileTransformer(folders.transformer, { ...target, adapter }),
    tokenizer: () => openTokenizer(folders.tokenizer, limits.maxPromptTokens),
    textEncoder: () => compileTextEncoder(folders.textEncoder, target),
    decoder: () => compileVaeDecoder(folders.vae, target),
    encoder: () => compileVaeEncoder(folders.vae, target),
    tinyDecoder: () => (preview === null ? null : compileTinyDecoder(preview, target)),
  });
  const imageEncoder =
    folders.imageEncoder === null || transformer.config.siglipDim === null
      ? null
      : compileImageEncoder(folders.imageEncoder, target);
  const omni = () => compileOmniTransformer(folders.transformer, { ...target, adapter, siglip: imageEncoder !== null });
  const model = {
    ...parts,
    shift: schedule.shift,
    transformer,
    omni: instructions || imageEncoder !== null ? omni() : null,
    imageEncoder,
  };
  requireFit(folders, model, limits);
  return model;
}

/** Memory of graphs that are loaded one after the other. */
export function together(graphs: readonly CompiledGraph[]): CompiledGraph['memory'] {
  return graphs.reduce(
    ({ loaded, loading }, { memory }) => ({
      loaded: loaded + memory.loaded,
      loading: Math.max(loading, loaded + memory.loading),
    }),
    { loaded: 0, loading: 0 },
  );
}

/** Bytes without which no image can be made: what the largest part takes while it is loaded. Its work comes on top of that. */
export function leastMemory({ textEncoder, transformer: { prepare, step }, decoder }: ReadModel): number {
  return Math.max(...[[textEncoder], [prepare, step], [decoder]].map((graphs) => together(graphs).loading));
}
