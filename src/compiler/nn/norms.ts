import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';
import type { Weights } from '../weights.js';

/** x / √(mean(x²) + ε) · gain, over the last axis; times a factor [B, 1, D], where there is one. */
export function rmsNorm(w: Weights, x: Value, eps: number, factor: Value | null = null): Value {
  const { op } = w;
  const gain = w.get('weight', [x.shape.at(-1) as number], x.type);
  if (factor === null) return op.rmsNorm(x, gain, eps);
  const like = op.cast(factor, x.type);
  // One product of two rows instead of a pass over the whole sequence, where the operator takes a gain for each item.
  return op.lowering.itemGains ? op.rmsNorm(x, op.mul(gain, like), eps) : op.mul(op.rmsNorm(x, gain, eps), like);
}

/** The same over each head of x [B, S, H·D], with one gain [D] for all heads. */
export function headNorm(w: Weights, x: Value, headDim: number, eps: number): Value {
  const { op } = w;
  const [batch, rows, width] = x.shape as [string, string, number];
  const heads = width / headDim;
  const outer = op.sizes(x, 0, 2);
  const split = op.reshape(x, op.concat([outer, op.integers(heads, headDim)], 0, 4), [batch, rows, heads, headDim]);
  return op.reshape(rmsNorm(w, split, eps), op.sizes(x, 0, 3), x.shape);
}

/** What normalises the groups of a picture: x [B, G, N] → [B, G, N], before the affine map of the channels. */
export type GroupNormalizer = (op: Ops, groups: Value) => Value;

/** Each group by its own mean and variance. */
export function byItself(eps: number): GroupNormalizer {
  return (op, x) => op.instanceNorm(x, eps);
}

/**
 * GroupNorm over x [B, C, H, W], as a norm of the groups and an affine map of the channels: ONNX Runtime's CPU takes the operator of
 * that name apart into a dozen passes over the picture.
 */
export function groupNorm(w: Weights, x: Value, groups: number, normalize: GroupNormalizer): Value {
  const { op } = w;
  const channels = x.shape[1] as number;
  const parts = op.reshape(x, op.integers(0, groups, -1), [x.shape[0]!, groups, 'group']);
  const normed = op.reshape(normalize(op, parts), op.sizes(x, 0, 4), x.shape);
  const perChannel = (name: string) =>
    op.reshape(w.get(name, [channels]), op.integers(channels, 1, 1), [channels, 1, 1]);
  return op.add(op.mul(normed, perChannel('weight')), perChannel('bias'));
}
