import type { Component } from '../../checkpoint/component.js';
import { Config } from '../../checkpoint/config.js';
import { open } from '../../checkpoint/open.js';
import { type CompiledGraph, type CompileOptions, compiled } from '../compiled.js';
import type { Rope } from '../nn/rope.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { targets } from '../targets/index.js';
import type { Lowering } from '../targets/target.js';
import { Weights } from '../weights.js';
import { block } from './z-image-block.js';
import { type GraphOptions, readTransformerConfig, type TransformerConfig } from './z-image-config.js';
import { asLatents, embedLatents, finalLayer, latentGrid } from './z-image-latents.js';
import { buildPrepare } from './z-image-prepare.js';
import { embedTime } from './z-image-time.js';

export interface TransformerOptions extends CompileOptions {
  /** The captions of a batch have different lengths, so what lies between them is masked. Left out, no. */
  readonly masked?: boolean;
  /** Low-rank factors that are merged into the weights: a file, or its folder. */
  readonly adapter?: string | null;
  /** Linear layers take low-rank terms as inputs, `<layer>.lora_A` [R, in] and `<layer>.lora_B` [out, R]. Left out, no. */
  readonly loras?: boolean;
}

/**
 * ZImageTransformer2DModel in basic mode, as two graphs: `prepare` once a request, `step` at every call of the model.
 * https://github.com/huggingface/diffusers/blob/main/src/diffusers/models/transformers/transformer_z_image.py
 *
 * @throws CheckpointError
 */
export function compile(
  location: string,
  options: TransformerOptions,
): { readonly config: TransformerConfig; readonly prepare: CompiledGraph; readonly step: CompiledGraph } {
  const { component, config, prepare, step } = build(location, options);
  return { config, prepare: compiled(prepare, component), step: compiled(step, component) };
}

/** Its graphs before passes and checks. @throws CheckpointError */
export function build(
  location: string,
  { target, masked = false, debug = false, adapter, loras = false }: TransformerOptions,
) {
  const component = open(location, { part: 'transformer', adapter: adapter ?? null });
  const config = readTransformerConfig(Config.of(component));
  const lowering = targets[target].transformer;
  const options = { lowRankInputs: loras, masked, debug };
  return {
    component,
    config,
    prepare: buildPrepare(component, config, lowering, options),
    step: buildStep(component, config, lowering, options),
  };
}

/**
 * One call of the model. Takes `latents` float32 [B, 16, h, w], `tau` float32 [B] (0 noise … 1 clean) and what prepare gives; gives `output`
 * float32 [B, 16, h, w], which points from noise to image (the velocity is its negative).
 */
function buildStep(
  component: Component,
  config: TransformerConfig,
  lowering: Lowering,
  { masked, debug, ...weights }: GraphOptions,
): Graph {
  const { dim, headDim, channels } = config;
  const { compute, residual } = lowering;
  const graph = new Graph('transformer.step');
  const op = new Ops(graph, lowering);
  const w = new Weights(op, component, weights);
  const show = (name: string, value: Value) => debug && graph.output(name, op.cast(value, 'float32'));

  const latents = graph.input('latents', 'float32', ['B', channels, 'h', 'w']);
  const tau = graph.input('tau', 'float32', ['B']);
  const captionRows = graph.input('caption_rows', 'float32', ['B', 'L32', dim]);
  const cos = op.cast(graph.input('rope_cos', 'float32', ['B*S', headDim / 2]), compute);
  const sin = op.cast(graph.input('rope_sin', 'float32', ['B*S', headDim / 2]), compute);
  const joint: Rope = { positions: graph.input('positions', 'int64', ['B', 'S']), cos, sin };
  const image: Rope = { positions: graph.input('image_positions', 'int64', ['B', 'T32']), cos, sin };
  const bias = masked ? op.cast(graph.input('attention_bias', 'float32', ['B', 1, 'S', 'S']), compute) : null;

  const time = { embedded: op.within('t_embedder', () => embedTime(w, config, tau)) };
  show('t_emb', time.embedded);
  const grid = latentGrid(op, latents);
  const padded = op.sizes(image.positions, 1, 2);
  const tokens = op.within('x_embedder', () => embedLatents(w, config, { latents, grid, padded }));
  show('x_embedded', tokens);

  let x = op.cast(tokens, residual);
  for (let i = 0; i < config.refinerLayers; i++) {
    x = op.within(`noise_refiner.${i}`, () => block(w.at(`noise_refiner.${i}`), config, x, time, image, null));
    show(`noise_refiner.${i}`, x);
  }
  x = op.concat([x, op.cast(captionRows, residual)], 1, 'S');
  for (let i = 0; i < config.layers; i++) {
    x = op.within(`layers.${i}`, () => block(w.at(`layers.${i}`), config, x, time, joint, bias));
    show(`layers.${i}`, x);
  }
  const rows = op.slice(x, op.integers(0), grid.count, 1, 'h/2*w/2');
  const patches = op.within('final_layer', () => finalLayer(w, config, rows, time.embedded));
  show('final_layer', patches);
  graph.output('output', asLatents(op, patches, grid, latents));
  return graph;
}
