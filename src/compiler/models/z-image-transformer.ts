import { type Component, openComponent } from '../checkpoint.js';
import { Config } from '../config.js';
import { linear } from '../nn/linear.js';
import type { Rope } from '../nn/rope.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { type Lowering, lowerings, type Target } from '../target.js';
import { Weights } from '../weights.js';
import { block } from './z-image-block.js';
import { PATCH, readTransformerConfig, type TransformerConfig } from './z-image-config.js';
import { buildPrepare } from './z-image-prepare.js';

const TIME_FREQUENCIES = 128;
const TIME_INNER = 1024;
const FINAL_NORM_EPS = 1e-6;
/** Of the only patch size there is: 2 × 2 pixels, 1 frame. */
const PATCH_KEY = '2-1';

export interface TransformerOptions {
  readonly target: Target;
  /** The captions of a batch have different lengths. */
  readonly masked: boolean;
  /** A folder of low-rank factors that are added to the weights. */
  readonly difference?: string | null;
  /** Linear layers take low-rank terms as inputs. */
  readonly loras?: boolean;
  readonly debug: boolean;
}

/**
 * ZImageTransformer2DModel in basic mode, as two graphs: `prepare` once a request, `step` at every step.
 * https://github.com/huggingface/diffusers/blob/main/src/diffusers/models/transformers/transformer_z_image.py
 */
export function buildTransformer(
  folder: string,
  { target, masked, debug, difference, loras = false }: TransformerOptions,
) {
  const component = openComponent(folder, difference);
  const config = readTransformerConfig(Config.of(component));
  const lowering: Lowering = { ...lowerings[target], lowRankInputs: loras };
  return {
    component,
    config,
    prepare: buildPrepare(component, config, lowering, masked, debug),
    step: buildStep(component, config, lowering, masked, debug),
  };
}

/**
 * One forward. Takes `latents` float32 [B, 16, h, w], `tau` float32 [B] (0 noise … 1 clean) and what prepare gives; gives `output`
 * float32 [B, 16, h, w], which points from noise to picture (the velocity is its negative).
 */
function buildStep(
  component: Component,
  config: TransformerConfig,
  lowering: Lowering,
  masked: boolean,
  debug: boolean,
): Graph {
  const { dim, headDim, channels } = config;
  const { compute, residual } = lowering;
  const graph = new Graph('transformer.step');
  const op = new Ops(graph, lowering);
  const w = new Weights(op, component);
  const show = (name: string, value: Value) => debug && graph.output(name, op.cast(value, 'float32'));

  const latents = graph.input('latents', 'float32', ['B', channels, 'h', 'w']);
  const tau = graph.input('tau', 'float32', ['B']);
  const captionRows = graph.input('caption_rows', 'float32', ['B', 'L32', dim]);
  const cos = op.cast(graph.input('rope_cos', 'float32', ['B*S', headDim / 2]), compute);
  const sin = op.cast(graph.input('rope_sin', 'float32', ['B*S', headDim / 2]), compute);
  const joint: Rope = { positions: graph.input('positions', 'int64', ['B', 'S']), cos, sin };
  const image: Rope = { positions: graph.input('image_positions', 'int64', ['B', 'T32']), cos, sin };
  const bias = masked ? op.cast(graph.input('attention_bias', 'float32', ['B', 1, 'S', 'S']), compute) : null;

  const time = op.within('t_embedder', () => embedTime(w.at('t_embedder'), config, tau));
  show('t_emb', time);
  const batch = op.sizes(latents, 0, 1);
  const grid = op.div(op.sizes(latents, 2, 4), op.integers(PATCH)); // [rows, columns]
  const { tokens, count } = op.within('x_embedder', () =>
    embedImage(w, config, { latents, batch, grid, padded: image.positions }),
  );
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
  const patches = op.within('final_layer', () => {
    const final = finalLayer(
      w.at(`all_final_layer.${PATCH_KEY}`),
      config,
      op.slice(x, op.integers(0), count, 1, 'T'),
      time,
    );
    return op.cast(final, 'float32');
  });
  show('final_layer', patches);
  // [B, T, (ph, pw, c)] → [B, c, h, w]
  const apart = op.reshape(patches, op.concat([batch, grid, op.integers(PATCH, PATCH, channels)], 0, 6), [
    'B',
    'h/2',
    'w/2',
    PATCH,
    PATCH,
    channels,
  ]);
  const output = op.reshape(op.transpose(apart, [0, 5, 1, 3, 2, 4]), op.sizes(latents, 0, 4), latents.shape);
  graph.output('output', output);
  return graph;
}

/** [cos(a·f), sin(a·f)] of a = 1000·τ through a two-layer MLP. [B, timeDim] */
function embedTime(w: Weights, { timeScale, timeDim }: TransformerConfig, tau: Value): Value {
  const { op } = w;
  const frequency = (i: number) => Math.exp((-Math.log(10_000) * i) / TIME_FREQUENCIES);
  const frequencies = op.graph.constant(
    Float32Array.from({ length: TIME_FREQUENCIES }, (_, i) => frequency(i)),
    [1, TIME_FREQUENCIES],
  );
  const angles = op.mul(op.unsqueeze(op.mul(tau, op.scalar(timeScale)), 1), frequencies);
  const waves = op.cast(op.concat([op.cos(angles), op.sin(angles)], 1, 2 * TIME_FREQUENCIES), op.lowering.compute);
  return linear(w.at('mlp.2'), op.silu(linear(w.at('mlp.0'), waves, TIME_INNER, { bias: true })), timeDim, {
    bias: true,
  });
}

/** Latents as tokens of 2 × 2 pixels, (row, column, channel) with the channel fastest, embedded and padded. [B, T32, D] */
function embedImage(
  w: Weights,
  { dim, channels }: TransformerConfig,
  { latents, batch, grid, padded }: { latents: Value; batch: Value; grid: Value; padded: Value },
): { tokens: Value; count: Value } {
  const { op } = w;
  const side = (i: number) => op.slice(grid, op.integers(i), op.integers(i + 1), 0, 1);
  const [rows, columns] = [side(0), side(1)];
  const count = op.mul(rows, columns); // [1]
  const width = PATCH * PATCH * channels;
  const apart = op.concat([batch, op.integers(channels), rows, op.integers(PATCH), columns, op.integers(PATCH)], 0, 6);
  const cells = op.reshape(latents, apart, ['B', channels, 'h/2', PATCH, 'w/2', PATCH]);
  const patches = op.reshape(
    op.transpose(cells, [0, 2, 4, 3, 5, 1]),
    op.concat([batch, count, op.integers(width)], 0, 3),
    ['B', 'T', width],
  );
  const embedded = linear(w.at(`all_x_embedder.${PATCH_KEY}`), op.cast(patches, op.lowering.compute), dim, {
    bias: true,
  });
  const token = op.reshape(w.get('x_pad_token', [1, dim]), op.integers(1, 1, dim), [1, 1, dim]);
  const missing = op.sub(op.sizes(padded, 1, 2), count);
  const tail = op.expand(token, op.concat([batch, missing, op.integers(dim)], 0, 3), ['B', 'T32-T', dim]);
  return { tokens: op.concat([embedded, tail], 1, 'T32'), count };
}

/** LayerNorm(x)·(1 + scale(silu(time))), then the projection to patches. [B, T, 64] */
function finalLayer(w: Weights, { dim, channels }: TransformerConfig, x: Value, time: Value): Value {
  const { op } = w;
  const scale = linear(w.at('adaLN_modulation.1'), op.silu(time), dim, { bias: true });
  const gain = op.unsqueeze(op.add(scale, op.scalar(1, scale.type)), 1);
  const ones = op.graph.constant(new Float32Array(dim).fill(1), [dim], 'ones');
  const normed = op.cast(op.layerNorm(x, op.cast(ones, x.type), FINAL_NORM_EPS), op.lowering.compute);
  return linear(w.at('linear'), op.mul(normed, gain), PATCH * PATCH * channels, { bias: true });
}
