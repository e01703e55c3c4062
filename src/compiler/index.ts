import { join } from 'node:path';
import type { Component } from './checkpoint.js';
import { openComponent, readJson } from './checkpoint.js';
import { number } from './config.js';
import { buildVaeDecoder, buildVaeEncoder } from './models/autoencoder-kl.js';
import { buildTinyDecoder, buildTinyEncoder } from './models/autoencoder-tiny.js';
import { buildTextEncoder } from './models/qwen3.js';
import { buildTransformer } from './models/z-image-transformer.js';
import type { Graph } from './onnx/graph.js';

export { CheckpointError } from './errors.js';

export type Target = 'cpu' | 'cuda' | 'webgpu';

export interface TensorSpec {
  readonly name: string;
  readonly type: 'float32' | 'int64' | 'int32';
  /** Names are dynamic sizes. */
  readonly shape: readonly (number | string)[];
}

/** An ONNX model whose weights lie in the checkpoint's own files. */
export interface CompiledGraph {
  readonly name: string;
  readonly model: Uint8Array;
  /** What ONNX Runtime takes as the folder of external weights. */
  readonly weightsFolder: string;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

export interface CompileOptions {
  readonly target: Target;
  /** Also give the values between the layers, under the reference's names. */
  readonly debug?: boolean;
  /** Transformer: the items of a batch have captions of different lengths, so padding between them is masked. */
  readonly masked?: boolean;
}

export function compileTextEncoder(folder: string, { debug = false }: CompileOptions) {
  const { graph, component } = buildTextEncoder(folder, debug);
  return { ...compiled(graph, component), config: component.config };
}

export function compileTransformer(folder: string, { debug = false, masked = false }: CompileOptions) {
  const { prepare, step, component } = buildTransformer(folder, { debug, masked });
  return { config: component.config, prepare: compiled(prepare, component), step: compiled(step, component) };
}

export function compileVaeDecoder(folder: string, _options: CompileOptions) {
  const { graph, component } = buildVaeDecoder(folder);
  return { ...compiled(graph, component), config: autoencoderConfig(component) };
}

export function compileVaeEncoder(folder: string, _options: CompileOptions) {
  const { graph, component } = buildVaeEncoder(folder);
  return { ...compiled(graph, component), config: autoencoderConfig(component) };
}

export function compileTinyDecoder(folder: string, _options: CompileOptions) {
  const { graph, component } = buildTinyDecoder(folder);
  return { ...compiled(graph, component), config: component.config };
}

export function compileTinyEncoder(folder: string, _options: CompileOptions) {
  const { graph, component } = buildTinyEncoder(folder);
  return { ...compiled(graph, component), config: component.config };
}

export function readSchedulerConfig(folder: string): { shift: number; numTrainTimesteps: number } {
  const config = readJson(join(folder, 'scheduler_config.json'));
  return { shift: number(config, 'shift'), numTrainTimesteps: number(config, 'num_train_timesteps') };
}

/** Whether a component folder is whole enough to open; throws what is wrong with it. */
export function describeCheckpoint(folder: string): { tensors: number; bytes: number } {
  const { tensors } = openComponent(folder);
  return { tensors: tensors.size, bytes: [...tensors.values()].reduce((sum, { length }) => sum + length, 0) };
}

function autoencoderConfig({ config }: Component): { scalingFactor: number; shiftFactor: number } {
  return { scalingFactor: number(config, 'scaling_factor'), shiftFactor: number(config, 'shift_factor') };
}

function compiled(graph: Graph, { weightsFolder }: Component): CompiledGraph {
  const spec = ({ name, type, shape }: { name: string; type: string; shape: readonly (number | string)[] }) => ({
    name,
    type: type as TensorSpec['type'],
    shape,
  });
  return {
    name: graph.name,
    model: graph.encode(),
    weightsFolder,
    inputs: graph.inputs.map(spec),
    outputs: graph.outputs.map(spec),
  };
}
