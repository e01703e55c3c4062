import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';
import type { GroupNormArguments, Kernel } from '../targets/target.js';
import type { Weights } from '../weights.js';
import { choose } from './choose.js';

/** By which mean and variance the groups of an image are normalised: x [B, G, N] → [B, G, N], before the affine map of the channels. */
export type GroupNormStats = (op: Ops, groups: Value) => Value;

/** Each group by its own mean and variance. */
export function localStats(eps: number): GroupNormStats {
  return (op, x) => op.instanceNorm(x, eps);
}

/** By a mean and variance that are collected beforehand: the graph takes `factor` and `offset` float32 [1, G, 1] of x·factor + offset. */
export function fixedStats({ graph }: Ops, groups: number): GroupNormStats {
  const factor = graph.input('factor', 'float32', [1, groups, 1]);
  const offset = graph.input('offset', 'float32', [1, groups, 1]);
  return (op, x) => op.add(op.mul(x, factor), offset);
}

/** GroupNorm over x [B, C, H, W]. */
export function groupNorm(w: Weights, x: Value, groups: number, stats: GroupNormStats): Value {
  return choose(w.op.graph, w.op.lowering.kernels.groupNorm, { w, x, groups, stats });
}

/**
 * A norm of the groups and an affine map of the channels: ONNX Runtime's CPU takes the operator of that name apart into a dozen passes
 * over the image.
 */
export const instanceGroupNorm: Kernel<GroupNormArguments> = {
  name: 'InstanceNormalization of groups',
  emit({ w, x, groups, stats }) {
    const { op } = w;
    const channels = x.shape[1] as number;
    const parts = op.reshape(x, op.integers(0, groups, -1), [x.shape[0]!, groups, 'group']);
    const normed = op.reshape(stats(op, parts), op.sizes(x, 0, 4), x.shape);
    const perChannel = (name: string) =>
      op.reshape(w.get(name, [channels]), op.integers(channels, 1, 1), [channels, 1, 1]);
    return op.add(op.mul(normed, perChannel('weight')), perChannel('bias'));
  },
};
