import { PATCH, SEQUENCE_MULTIPLE } from '../../domain/latent.js';
import { linear } from '../nn/linear.js';
import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';
import type { Weights } from '../weights.js';
import type { TransformerConfig } from './z-image-config.js';

const FINAL_NORM_EPS = 1e-6;
/** Of the only patch size there is: 2 × 2 pixels, 1 frame. */
const PATCH_KEY = '2-1';

/** What latents [B, 16, h, w] are in tokens. */
export interface LatentGrid {
  /** int64 [1]. */
  readonly batch: Value;
  /** int64 [2]: rows and columns of tokens. */
  readonly sides: Value;
  /** int64 [1]: their product. */
  readonly count: Value;
}

export function latentGrid(op: Ops, latents: Value): LatentGrid {
  const sides = op.div(op.sizes(latents, 2, 4), op.integers(PATCH));
  return { batch: op.sizes(latents, 0, 1), sides, count: op.mul(...rowsAndColumns(op, sides)) };
}

/**
 * Latents as tokens of 2 × 2 pixels, (row, column, channel) with the channel fastest, embedded and padded. [B, T32, D]
 *
 * @param padded how many tokens there are with padding, int64 [1]
 */
export function embedLatents(
  w: Weights,
  { dim, channels }: TransformerConfig,
  { latents, grid, padded }: { latents: Value; grid: LatentGrid; padded: Value },
): Value {
  const { op } = w;
  const { batch, count } = grid;
  const [rows, columns] = rowsAndColumns(op, grid.sides);
  const width = PATCH * PATCH * channels;
  const apart = op.concat([batch, op.integers(channels), rows, op.integers(PATCH), columns, op.integers(PATCH)], 0, 6);
  const cells = op.reshape(latents, apart, ['B', channels, 'h/2', PATCH, 'w/2', PATCH]);
  const patches = op.reshape(
    op.transpose(cells, [0, 2, 4, 3, 5, 1]),
    op.concat([batch, count, op.integers(width)], 0, 3),
    ['B', 'h/2*w/2', width],
  );
  const embedded = embedPatches(w, dim, patches);
  const token = op.reshape(w.get('x_pad_token', [1, dim]), op.integers(1, 1, dim), [1, 1, dim]);
  const missing = op.sub(padded, count);
  const tail = op.expand(token, op.concat([batch, missing, op.integers(dim)], 0, 3), ['B', 'padding', dim]);
  return op.concat([embedded, tail], 1, 'T32');
}

/** Patches [T, 64] or [B, T, 64] as tokens. */
export function embedPatches(w: Weights, dim: number, patches: Value): Value {
  const { op } = w;
  return linear(w.at(`all_x_embedder.${PATCH_KEY}`), op.cast(patches, op.lowering.compute), dim, { bias: true });
}

/** LayerNorm(x)·(1 + scale(silu(time))), then the projection to patches. float32 [B, T, 64] */
export function finalLayer(whole: Weights, { dim, channels }: TransformerConfig, x: Value, time: Value): Value {
  const { op } = whole;
  const w = whole.at(`all_final_layer.${PATCH_KEY}`);
  const scale = linear(w.at('adaLN_modulation.1'), op.silu(time), dim, { bias: true });
  const gain = op.unsqueeze(op.add(scale, op.scalar(1, scale.type)), 1);
  const ones = op.graph.constant(new Float32Array(dim).fill(1), [dim], 'ones');
  const normed = op.cast(op.layerNorm(x, op.cast(ones, x.type), FINAL_NORM_EPS), op.lowering.compute);
  return op.cast(linear(w.at('linear'), op.mul(normed, gain), PATCH * PATCH * channels, { bias: true }), 'float32');
}

/** [B, T, (ph, pw, c)] → [B, c, h, w], as `latents` are. */
export function asLatents(op: Ops, patches: Value, { batch, sides }: LatentGrid, latents: Value): Value {
  const channels = latents.shape[1] as number;
  const apart = op.reshape(patches, op.concat([batch, sides, op.integers(PATCH, PATCH, channels)], 0, 6), [
    'B',
    'h/2',
    'w/2',
    PATCH,
    PATCH,
    channels,
  ]);
  return op.reshape(op.transpose(apart, [0, 5, 1, 3, 2, 4]), op.sizes(latents, 0, 4), latents.shape);
}

/** The next multiple of 32, of a scalar or a list. */
export function padUp(op: Ops, count: Value): Value {
  const multiple = op.scalar(SEQUENCE_MULTIPLE, 'int64');
  return op.mul(op.div(op.add(count, op.scalar(SEQUENCE_MULTIPLE - 1, 'int64')), multiple), multiple);
}

function rowsAndColumns(op: Ops, sides: Value): [Value, Value] {
  const side = (i: number) => op.slice(sides, op.integers(i), op.integers(i + 1), 0, 1);
  return [side(0), side(1)];
}
