import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Config } from '../../checkpoint/config.js';
import { open } from '../../checkpoint/open.js';
import { type Built, type CompileOptions, finished } from '../compiled.js';
import { linear } from '../nn/linear.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { targets } from '../targets/index.js';
import { Weights } from '../weights.js';

export interface ImageEncoderConfig {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly inner: number;
  readonly eps: number;
  /** Pixels of a patch, a side. */
  readonly patch: number;
  readonly channels: number;
  /** Positions of the learned grid, a side. */
  readonly gridSide: number;
  /** Patches that an image is resized to, at most. */
  readonly maxPatches: number;
}

/** Where a processor does not say: as its class has it. */
const MAX_PATCHES = 256;

/**
 * Siglip2VisionModel up to its last hidden state: `patches` float32 [N, p·p·3] of one image, row by row, pixels of −1 … 1 with the
 * channel fastest, → `features` float32 [1, N, hidden]. The learned grid of positions is brought to the image's by `rows` float32
 * [gh, P] and `columns` float32 [gw, P], the weights of an interpolation, with gh·gw = N. The reference pads images to one number
 * of patches and hides the padding; alone, an image needs neither. The pooling head is not built.
 * https://github.com/huggingface/transformers/blob/main/src/transformers/models/siglip2/modeling_siglip2.py
 *
 * @throws CheckpointError
 */
export function build(location: string, { target }: CompileOptions): Built<ImageEncoderConfig> {
  const component = open(location);
  const config = readConfig(location, Config.of(component));
  const graph = new Graph('image_encoder');
  const op = new Ops(graph, targets[target].transformer);
  const prefix = component.tensors.has('vision_model.post_layernorm.weight') ? 'vision_model.' : '';
  const w = new Weights(op, component, {}, prefix);
  const { hidden, patch, channels, gridSide } = config;
  const patches = graph.input('patches', 'float32', ['N', patch * patch * channels]);
  const rows = graph.input('rows', 'float32', ['gh', gridSide]);
  const columns = graph.input('columns', 'float32', ['gw', gridSide]);

  const embedded = op.within('embeddings', () => {
    const at = w.at('embeddings');
    const values = linear(at.at('patch_embedding'), op.cast(patches, op.lowering.compute), hidden, { bias: true });
    return op.add(op.cast(values, 'float32'), positions(at, config, rows, columns));
  });
  let x = op.cast(op.unsqueeze(embedded, 0), op.lowering.residual);
  for (let i = 0; i < config.layers; i++) {
    const name = `encoder.layers.${i}`;
    x = op.within(name, () => layer(w.at(name), config, x));
  }
  graph.output('features', op.cast(layerNorm(w.at('post_layernorm'), x, config.eps), 'float32'));
  return { component, config, graph };
}

/** @throws CheckpointError */
export const compile = (location: string, options: CompileOptions) => finished(build(location, options));

/** The learned grid [P·P, hidden], interpolated along rows, then along columns: [gh·gw, hidden]. */
function positions(w: Weights, { hidden, gridSide }: ImageEncoderConfig, rows: Value, columns: Value): Value {
  const { op } = w;
  const grid = w.at('position_embedding').get('weight', [gridSide ** 2, hidden], 'float32');
  const lines = op.matmul(rows, op.reshape(grid, op.integers(gridSide, -1), [gridSide, gridSide * hidden]));
  const apart = op.reshape(lines, op.integers(-1, gridSide, hidden), ['gh', gridSide, hidden]);
  const both = op.matmul(op.transpose(apart, [0, 2, 1]), op.transpose(columns, [1, 0])); // [gh, hidden, gw]
  return op.reshape(op.transpose(both, [0, 2, 1]), op.integers(-1, hidden), ['N', hidden]);
}

/** x ← x + attention(norm(x)); x ← x + mlp(norm(x)). */
function layer(w: Weights, { hidden, heads, inner, eps }: ImageEncoderConfig, x: Value): Value {
  const { op } = w;
  const norm = (name: string) => op.cast(layerNorm(w.at(name), x, eps), op.lowering.compute);
  const attended = op.within('self_attn', () => {
    const at = w.at('self_attn');
    const input = norm('layer_norm1');
    const project = (name: string) => linear(at.at(name), input, hidden, { bias: true });
    const mixed = op.attention(project('q_proj'), project('k_proj'), project('v_proj'), heads);
    return linear(at.at('out_proj'), mixed, hidden, { bias: true });
  });
  x = op.add(x, op.cast(attended, x.type));
  const fed = op.within('mlp', () => {
    const wide = linear(w.at('mlp.fc1'), norm('layer_norm2'), inner, { bias: true });
    return linear(w.at('mlp.fc2'), gelu(op, wide), hidden, { bias: true });
  });
  return op.add(x, op.cast(fed, x.type));
}

function layerNorm(w: Weights, x: Value, eps: number): Value {
  const of = (name: string) => w.get(name, [x.shape.at(-1) as number], x.type);
  return w.op.add(w.op.layerNorm(x, of('weight'), eps), of('bias'));
}

/** x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))). */
function gelu(op: Ops, x: Value): Value {
  const number = (value: number) => op.scalar(value, x.type);
  const cubic = op.mul(x, op.add(number(1), op.mul(number(0.044715), op.mul(x, x))));
  const tanh = op.tanh(op.mul(number(Math.sqrt(2 / Math.PI)), cubic));
  return op.mul(op.mul(number(0.5), x), op.add(number(1), tanh));
}

function readConfig(folder: string, config: Config): ImageEncoderConfig {
  config.known('model_type', 'siglip2_vision_model');
  config.known('hidden_act', 'gelu_pytorch_tanh');
  const channels = config.known('num_channels', 3);
  const [hidden, heads] = [config.size('hidden_size'), config.size('num_attention_heads')];
  if (hidden % heads !== 0) config.refuse('num_attention_heads', `a divisor of the width ${hidden}`);
  const gridSide = Math.sqrt(config.size('num_patches'));
  if (!Number.isInteger(gridSide)) config.refuse('num_patches', 'a square number');
  return {
    hidden,
    layers: config.size('num_hidden_layers'),
    heads,
    inner: config.size('intermediate_size'),
    eps: config.positive('layer_norm_eps'),
    patch: config.size('patch_size'),
    channels,
    gridSide,
    maxPatches: maxPatchesOf(folder),
  };
}

/** A diffusers checkpoint has the processor's folder beside the model's, a plain one has them in one. */
function maxPatchesOf(folder: string): number {
  const file = [folder, `${folder}_processor`]
    .map((place) => join(place, 'preprocessor_config.json'))
    .find((path) => existsSync(path));
  if (file === undefined) return MAX_PATCHES;
  const config = Config.read(file);
  // What the engine does to an image, and nothing else: bilinear, to −1 … 1.
  for (const step of ['do_resize', 'do_rescale', 'do_normalize']) config.known(step, true);
  config.known('rescale_factor', 1 / 255);
  config.known('resample', 2);
  config.known('image_mean', [0.5, 0.5, 0.5]);
  config.known('image_std', [0.5, 0.5, 0.5]);
  return config.size('max_num_patches');
}
