import { join } from 'node:path';
import { Config } from '../checkpoint/config.js';
import { type Component, openComponent } from '../checkpoint/layouts/diffusers.js';
import { factorsOf } from '../checkpoint/lora/adapter.js';
import { readLowRank } from '../checkpoint/lora/lora.js';
import type { LinearShapes } from '../checkpoint/lora/names.js';
import type { Device } from '../domain/device.js';
import { type WeightMemory, weightMemory } from './memory.js';
import { buildVaeDecoder, buildVaeEncoder } from './models/autoencoder-kl.js';
import type { VaeConfig } from './models/autoencoder-kl-parts.js';
import { buildDecoderRows, buildEncoderRows, type RowStep } from './models/autoencoder-kl-rows.js';
import { buildTinyDecoder, buildTinyEncoder, type TinyAutoencoderConfig } from './models/autoencoder-tiny.js';
import { buildTextEncoder, type TextEncoderConfig } from './models/qwen3.js';
import { buildImageEncoder, type ImageEncoderConfig } from './models/siglip2.js';
import type { TransformerConfig } from './models/z-image-config.js';
import { buildOmniTransformer, buildTransformer } from './models/z-image-transformer.js';
import { checkGraph } from './onnx/checker.js';
import type { Graph, Value } from './onnx/graph.js';
import { simplify } from './passes/index.js';

export { contentHash, contentVersion, type FileHashes, type Look, statusOf } from '../checkpoint/content-hash.js';
export { CheckpointError, type Fault } from '../checkpoint/errors.js';
export { readFactors } from '../checkpoint/lora/lora.js';
export type { LinearShapes } from '../checkpoint/lora/names.js';
export { type QuantiseOptions, quantiseComponent } from '../checkpoint/quantise.js';
/** For graphs that no checkpoint has, such as a benchmark's. */
export { Graph } from './onnx/graph.js';
export type { Device, ImageEncoderConfig, TextEncoderConfig, TinyAutoencoderConfig, TransformerConfig, VaeConfig };

export interface TensorSpec {
  readonly name: string;
  readonly type: string;
  /** Names are sizes that are known only when the graph runs. */
  readonly shape: readonly (number | string)[];
}

/** A checked ONNX model whose weights lie in the checkpoint's own files. */
export interface CompiledGraph {
  readonly name: string;
  /** The same bytes each time. */
  readonly model: Uint8Array;
  /** What ONNX Runtime takes as the folder of external weights. */
  readonly weightsFolder: string;
  readonly memory: WeightMemory;
  /** Names of the kernels that its operations were lowered to. */
  readonly kernels: readonly string[];
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

export interface CompileOptions {
  readonly target: Device;
  /** Also give the values between the layers, under the reference's names. */
  readonly debug?: boolean;
  /** Of the transformer: the captions of a batch have different lengths, so what lies between them is masked. */
  readonly masked?: boolean;
  /** Of the transformer: a folder of low-rank factors that are added to its weights. */
  readonly difference?: string | null;
  /** Of the transformer in omni mode: it is given SigLIP features, where it has a use for them. */
  readonly siglip?: boolean;
  /** Of the transformer: its linear layers take low-rank terms as inputs, `<layer>.lora_A` [R, in] and `<layer>.lora_B` [out, R]. */
  readonly loras?: boolean;
}

// Each compiles one component folder of a diffusers-layout checkpoint and throws a CheckpointError when it cannot be used. What goes
// in and comes out is told where each is built (models/).

export function compileTextEncoder(
  folder: string,
  { target, debug = false }: CompileOptions,
): CompiledGraph & { config: TextEncoderConfig } {
  const { graph, component, config } = buildTextEncoder(folder, target, debug);
  return Object.assign(compiled(graph, component), { config });
}

export function compileTransformer(
  folder: string,
  { target, debug = false, masked = false, difference = null, loras = false }: CompileOptions,
): { config: TransformerConfig; prepare: CompiledGraph; step: CompiledGraph } {
  const { prepare, step, component, config } = buildTransformer(folder, { target, masked, debug, difference, loras });
  return { config, prepare: compiled(prepare, component), step: compiled(step, component) };
}

/** The same weights in omni mode. */
export function compileOmniTransformer(
  folder: string,
  { target, difference = null, loras = false, siglip = true }: CompileOptions,
): { config: TransformerConfig; prepare: CompiledGraph; step: CompiledGraph } {
  const { prepare, step, component, config } = buildOmniTransformer(folder, { target, difference, loras, siglip });
  return { config, prepare: compiled(prepare, component), step: compiled(step, component) };
}

export function compileImageEncoder(
  folder: string,
  { target }: CompileOptions,
): CompiledGraph & { config: ImageEncoderConfig } {
  const { graph, component, config } = buildImageEncoder(folder, target);
  return Object.assign(compiled(graph, component), { config });
}

export function compileVaeDecoder(folder: string, { target }: CompileOptions): CompiledGraph & { config: VaeConfig } {
  const { graph, component, config } = buildVaeDecoder(folder, target);
  return Object.assign(compiled(graph, component), { config });
}

export function compileVaeEncoder(folder: string, { target }: CompileOptions): CompiledGraph & { config: VaeConfig } {
  const { graph, component, config } = buildVaeEncoder(folder, target);
  return Object.assign(compiled(graph, component), { config });
}

/** A step of a coder that is computed some rows at a time. @see RowStep */
export type CompiledRowStep = CompiledGraph & Omit<RowStep, 'graph'>;

/** The same halves in steps, for images whose values do not fit into memory at once. */
export function compileVaeRows(
  half: 'decoder' | 'encoder',
  folder: string,
  { target }: CompileOptions,
): readonly CompiledRowStep[] {
  const { component, steps } = (half === 'decoder' ? buildDecoderRows : buildEncoderRows)(folder, target);
  return steps.map(({ graph, ...step }) => Object.assign(compiled(graph, component), step));
}

export function compileTinyDecoder(
  folder: string,
  { target }: CompileOptions,
): CompiledGraph & { config: TinyAutoencoderConfig } {
  const { graph, component, config } = buildTinyDecoder(folder, target);
  return Object.assign(compiled(graph, component), { config });
}

export function compileTinyEncoder(
  folder: string,
  { target }: CompileOptions,
): CompiledGraph & { config: TinyAutoencoderConfig } {
  const { graph, component, config } = buildTinyEncoder(folder, target);
  return Object.assign(compiled(graph, component), { config });
}

/** [out, in] of the transformer's linear layers, which are what a LoRA may change. @throws CheckpointError */
export function linearShapes(folder: string): LinearShapes {
  const options = { target: 'cpu', masked: false, debug: false, loras: true } as const;
  const basic = buildTransformer(folder, options);
  const omni = buildOmniTransformer(folder, { ...options, siglip: basic.config.siglipDim !== null });
  const shapes = new Map<string, readonly [number, number]>();
  const graphs = [basic.prepare, basic.step, omni.prepare, omni.step];
  const inputs = new Map(graphs.flatMap((graph) => graph.inputs.map(({ name, shape }) => [name, shape])));
  for (const [name, shape] of inputs) {
    if (!name.endsWith('.lora_A')) continue;
    const layer = name.slice(0, -'.lora_A'.length);
    shapes.set(layer, [inputs.get(`${layer}.lora_B`)![0] as number, shape[1] as number]);
  }
  return shapes;
}

/**
 * Whether a LoRA's file fits a transformer: reads headers only.
 *
 * @param name what complaints call the LoRA; left out, its file
 * @throws CheckpointError that names the tensor, what was expected and what was received
 */
export function checkLora(folder: string, file: string, name = file): void {
  readLowRank(file, linearShapes(folder), name);
}

const OTHER_SCHEDULES = [
  'use_dynamic_shifting',
  'use_karras_sigmas',
  'use_exponential_sigmas',
  'use_beta_sigmas',
  'invert_sigmas',
  'stochastic_sampling',
] as const;

/** The noise schedule's configuration (FlowMatchEulerDiscreteScheduler). @throws CheckpointError */
export function readSchedulerConfig(folder: string): { shift: number; numTrainTimesteps: number } {
  const config = Config.read(join(folder, 'scheduler_config.json'));
  config.class('FlowMatchEulerDiscreteScheduler');
  // What would bend the levels in another way than the shift does, or draw anew at each step. A field left out is off.
  for (const field of OTHER_SCHEDULES) config.known(field, false);
  config.known('shift_terminal', null);
  return { shift: config.positive('shift'), numTrainTimesteps: config.known('num_train_timesteps', 1000) };
}

/**
 * What a component folder holds, for people: how many tensors of which types, in how many bytes. With the folder of a difference, its
 * factors are counted too.
 *
 * @throws CheckpointError
 */
export function describeCheckpoint(
  folder: string,
  difference: string | null = null,
): { tensors: number; bytes: number; types: string[] } {
  const component = openComponent(folder, difference);
  const tensors = [...component.tensors.values(), ...factorsOf(component.difference)];
  return {
    tensors: tensors.length,
    bytes: tensors.reduce((sum, { length }) => sum + length, 0),
    types: [...new Set(tensors.map(({ type }) => type))],
  };
}

function compiled(graph: Graph, { weightsFolder }: Component): CompiledGraph {
  simplify(graph);
  checkGraph(graph, weightsFolder);
  const spec = ({ name, type, shape }: Value): TensorSpec => ({ name, type, shape });
  let written: Uint8Array | null = null;
  return {
    name: graph.name,
    // Written when it is first asked for: most graphs of a model are compiled to be checked, and never run.
    get model() {
      written ??= graph.encode();
      return written;
    },
    weightsFolder,
    memory: weightMemory(graph),
    kernels: [...graph.kernels],
    inputs: graph.inputs.map(spec),
    outputs: graph.outputs.map(spec),
  };
}
