import type { Component } from '../../checkpoint/component.js';
import { Config } from '../../checkpoint/config.js';
import { open } from '../../checkpoint/open.js';
import { PATCH } from '../../domain/latent.js';
import { type CompiledGraph, type CompileOptions, compiled } from '../compiled.js';
import { linear } from '../nn/linear.js';
import type { Rope } from '../nn/rope.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { targets } from '../targets/index.js';
import type { Lowering } from '../targets/target.js';
import { type WeightOptions, Weights } from '../weights.js';
import { block } from './z-image-block.js';
import { readTransformerConfig, type TransformerConfig } from './z-image-config.js';
import { asLatents, embedLatents, embedPatches, finalLayer, latentGrid } from './z-image-latents.js';
import { tablesAt } from './z-image-rope.js';
import { embedTime } from './z-image-time.js';
import type { TransformerOptions } from './z-image-transformer.js';

// ZImageTransformer2DModel in omni mode: one sequence of captions, images and SigLIP features, [captions, conditions, target, siglip].
// The conditions are clean images, the target is the noisy one. The caller lays the sequence out (every stream padded to a multiple
// of 32 and none masked) and gives the position of each token, so items of one batch have one layout.
// https://github.com/huggingface/diffusers/blob/main/src/diffusers/models/transformers/transformer_z_image.py

/** Of the norms before the projections of captions and SigLIP features. */
const FEATURE_NORM_EPS = 1e-5;
/** The model time of a clean image. */
const CLEAN = 1;

export interface OmniOptions extends CompileOptions, Pick<TransformerOptions, 'adapter' | 'loras'> {
  /** Whether it is given SigLIP features, where it has a use for them. Left out, yes; without them it goes by the latents alone. */
  readonly siglip?: boolean;
}

/** The transformer in omni mode: `prepare` once a request, `step` at every call of the model. @throws CheckpointError */
export function compile(
  location: string,
  options: OmniOptions,
): { readonly config: TransformerConfig; readonly prepare: CompiledGraph; readonly step: CompiledGraph } {
  const { component, config, prepare, step } = build(location, options);
  return { config, prepare: compiled(prepare, component), step: compiled(step, component) };
}

/** Its graphs before passes and checks. @throws CheckpointError */
export function build(location: string, { target, adapter, loras = false, siglip = true }: OmniOptions) {
  const component = open(location, { part: 'transformer', adapter: adapter ?? null });
  const full = readTransformerConfig(Config.of(component));
  const config = siglip ? full : { ...full, siglipDim: null };
  const lowering = targets[target].transformer;
  const weights = { lowRankInputs: loras };
  return {
    component,
    config,
    prepare: buildPrepare(component, config, lowering, weights),
    step: buildStep(component, config, lowering, weights),
  };
}

/**
 * What the steps share, once a request.
 *
 * Takes `caption` float32 [B, L, C], the segments one after another with `caption_real` int64 [B, L], 0 where a row is padding;
 * `conditions` float32 [Tc, 64], the patches of the clean images, shared by all items, with `conditions_real` int64 [Tc]; where the
 * model has SigLIP features, `siglip` float32 [G, Cs] with `siglip_real` int64 [G]; and of the joint sequence `positions` int64
 * [B, S, 3] (frame, row, column) and `noisy` int64 [S], 1 where a token is as noisy as the target, 0 where it is clean.
 *
 * Gives `caption_rows` [B, L, D], `condition_rows` [B, Tc, D] and `siglip_rows` [B, G, D], embedded, padded and, but for the
 * conditions, refined; the rotary tables `rope_cos` and `rope_sin` [B·S, Dh/2] with `token_positions` [B, S] and `image_positions`
 * [B, T] into them; and `token_times` [B, S] and `image_times` [B, T], the row of the times (clean, then each item's) that modulates.
 */
function buildPrepare(
  component: Component,
  config: TransformerConfig,
  lowering: Lowering,
  weights: WeightOptions,
): Graph {
  const { dim, captionDim, channels, siglipDim } = config;
  const graph = new Graph('transformer.omni.prepare');
  const op = new Ops(graph, lowering);
  const w = new Weights(op, component, weights);
  const caption = graph.input('caption', 'float32', ['B', 'L', captionDim]);
  const captionReal = graph.input('caption_real', 'int64', ['B', 'L']);
  const conditions = graph.input('conditions', 'float32', ['Tc', PATCH * PATCH * channels]);
  const conditionsReal = graph.input('conditions_real', 'int64', ['Tc']);
  const positions = graph.input('positions', 'int64', ['B', 'S', 3]);
  const noisy = graph.input('noisy', 'int64', ['S']);
  const siglip = siglipDim === null ? null : graph.input('siglip', 'float32', ['G', siglipDim]);

  const batch = op.sizes(caption, 0, 1);
  const captions = op.sizes(caption, 1, 2);
  const total = op.sizes(noisy, 0, 1);
  const imagesEnd = siglip === null ? total : op.sub(total, op.sizes(siglip, 0, 1));
  const start = op.integers(0);

  const { cos, sin } = op.within('rope', () => tablesAt(op, config, columns(op, positions)));
  const item = op.unsqueeze(op.range(op.item(batch), 'B'), 1); // [B, 1]
  const within = op.unsqueeze(op.range(op.item(total), 'S'), 0);
  const tokens = op.add(op.mul(item, op.item(total)), within); // [B, S]
  const times = op.mul(op.unsqueeze(noisy, 0), op.add(item, op.scalar(1, 'int64')));
  const images = (rows: Value) => op.slice(rows, captions, imagesEnd, 1, 'T');

  const table = { cos: op.cast(cos, lowering.compute), sin: op.cast(sin, lowering.compute) };
  const refined = (stream: string, embedded: Value, rope: Rope) => {
    let rows = op.cast(embedded, lowering.residual);
    for (let i = 0; i < config.refinerLayers; i++) {
      const name = `${stream}_refiner.${i}`;
      rows = op.within(name, () => block(w.at(name), config, rows, null, rope, null));
    }
    return op.cast(rows, 'float32');
  };

  const captionRows = op.within('cap_embedder', () =>
    orToken(w, 'cap_pad_token', dim, embedFeatures(w.at('cap_embedder'), dim, caption), captionReal),
  );
  graph.output(
    'caption_rows',
    refined('context', captionRows, { ...table, positions: op.slice(tokens, start, captions, 1, 'L') }),
  );

  const forAll = (rows: Value, size: string) =>
    op.expand(rows, op.concat([batch, op.sizes(rows, 1, 3)], 0, 3), ['B', size, dim]);
  const conditionRows = op.within('x_embedder', () => {
    const embedded = op.unsqueeze(embedPatches(w, dim, conditions), 0);
    return orToken(w, 'x_pad_token', dim, embedded, op.unsqueeze(conditionsReal, 0));
  });
  graph.output('condition_rows', forAll(conditionRows, 'Tc'));

  if (siglip !== null) {
    const siglipReal = graph.input('siglip_real', 'int64', ['G']);
    const rows = op.within('siglip_embedder', () => {
      const embedded = op.unsqueeze(embedFeatures(w.at('siglip_embedder'), dim, siglip), 0);
      return orToken(w, 'siglip_pad_token', dim, embedded, op.unsqueeze(siglipReal, 0));
    });
    const rope = { ...table, positions: op.slice(tokens, imagesEnd, total, 1, 'G') };
    graph.output('siglip_rows', refined('siglip', forAll(rows, 'G'), rope));
  }

  graph.output('rope_cos', cos);
  graph.output('rope_sin', sin);
  graph.output('token_positions', tokens);
  graph.output('image_positions', images(tokens));
  graph.output('token_times', times);
  graph.output('image_times', images(times));
  return graph;
}

/**
 * One call of the model. Takes `latents` float32 [B, 16, h, w] of the target, `tau` float32 [B] (0 noise … 1 clean) and what prepare gives;
 * gives `output` float32 [B, 16, h, w], which points from noise to image.
 */
function buildStep(component: Component, config: TransformerConfig, lowering: Lowering, weights: WeightOptions): Graph {
  const { dim, headDim, channels, siglipDim } = config;
  const { compute, residual } = lowering;
  const graph = new Graph('transformer.omni.step');
  const op = new Ops(graph, lowering);
  const w = new Weights(op, component, weights);

  const latents = graph.input('latents', 'float32', ['B', channels, 'h', 'w']);
  const tau = graph.input('tau', 'float32', ['B']);
  const captionRows = graph.input('caption_rows', 'float32', ['B', 'L', dim]);
  const conditionRows = graph.input('condition_rows', 'float32', ['B', 'Tc', dim]);
  const siglipRows = siglipDim === null ? [] : [graph.input('siglip_rows', 'float32', ['B', 'G', dim])];
  const cos = op.cast(graph.input('rope_cos', 'float32', ['B*S', headDim / 2]), compute);
  const sin = op.cast(graph.input('rope_sin', 'float32', ['B*S', headDim / 2]), compute);
  const joint: Rope = { positions: graph.input('token_positions', 'int64', ['B', 'S']), cos, sin };
  const image: Rope = { positions: graph.input('image_positions', 'int64', ['B', 'T']), cos, sin };
  const jointTimes = graph.input('token_times', 'int64', ['B', 'S']);
  const imageTimes = graph.input('image_times', 'int64', ['B', 'T']);

  const times = op.concat([op.graph.constant(Float32Array.of(CLEAN), [1]), tau], 0, '1+B');
  const embedded = op.within('t_embedder', () => embedTime(w, config, times));
  const noisy = op.slice(embedded, op.integers(1), op.sizes(embedded, 0, 1), 0, 'B');

  const grid = latentGrid(op, latents);
  const conditions = op.sizes(conditionRows, 1, 2);
  const padded = op.sub(op.sizes(image.positions, 1, 2), conditions);
  const target = op.within('x_embedder', () => embedLatents(w, config, { latents, grid, padded }));

  let x = op.concat([op.cast(conditionRows, residual), op.cast(target, residual)], 1, 'T');
  for (let i = 0; i < config.refinerLayers; i++) {
    const name = `noise_refiner.${i}`;
    x = op.within(name, () => block(w.at(name), config, x, { embedded, rows: imageTimes }, image, null));
  }
  x = op.concat([op.cast(captionRows, residual), x, ...siglipRows.map((rows) => op.cast(rows, residual))], 1, 'S');
  for (let i = 0; i < config.layers; i++) {
    const name = `layers.${i}`;
    x = op.within(name, () => block(w.at(name), config, x, { embedded, rows: jointTimes }, joint, null));
  }
  const first = op.add(op.sizes(captionRows, 1, 2), conditions);
  const rows = op.slice(x, first, op.add(first, grid.count), 1, 'h/2*w/2');
  const patches = op.within('final_layer', () => finalLayer(w, config, rows, noisy));
  graph.output('output', asLatents(op, patches, grid, latents));
  return graph;
}

/** Norm and projection of features [N, C] or [B, N, C]. */
function embedFeatures(w: Weights, dim: number, features: Value): Value {
  const { op } = w;
  const gain = w.at('0').get('weight', [features.shape.at(-1) as number], 'float32');
  const normed = op.rmsNorm(features, gain, FEATURE_NORM_EPS);
  return linear(w.at('1'), op.cast(normed, op.lowering.compute), dim, { bias: true });
}

/** The rows [B, N, D], with a learned token in place of those that `real` [B, N] has as 0. float32 */
function orToken(w: Weights, name: string, dim: number, rows: Value, real: Value): Value {
  const { op } = w;
  // In single precision, because CUDA has no Where of bfloat16.
  const token = op.reshape(w.get(name, [1, dim], 'float32'), op.integers(1, 1, dim), [1, 1, dim]);
  return op.where(op.unsqueeze(op.less(op.scalar(0, 'int64'), real), 2), op.cast(rows, 'float32'), token);
}

/** Frames, rows and columns of positions [B, S, 3], each [B, S]. */
function columns(op: Ops, positions: Value): readonly Value[] {
  const shape = op.sizes(positions, 0, 2);
  return [0, 1, 2].map((axis) =>
    op.reshape(op.slice(positions, op.integers(axis), op.integers(axis + 1), 2, 1), shape, ['B', 'S']),
  );
}
