import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';
import type { GroupNormArguments, Kernel } from '../targets/target.js';
import type { Weights } from '../weights.js';
import { choose } from './choose.js';

/** What normalises the groups of an image: x [B, G, N] → [B, G, N], before the affine map of the channels. */
export type GroupNormalizer = (op: Ops, groups: Value) => Value;

/** Each group by its own mean and variance. */
export function byItself(eps: number): GroupNormalizer {
  return (op, x) => op.instanceNorm(x, eps);
}

/** GroupNorm over x [B, C, H, W]. */
export function groupNorm(w: Weights, x: Value, groups: number, normalize: GroupNormalizer): Value {
  return choose(w.op.graph, w.op.lowering.kernels.groupNorm, { w, x, groups, normalize });
}

/**
 * A norm of the groups and an affine map of the channels: ONNX Runtime's CPU takes the operator of that name apart into a dozen passes
 * over the image.
 */
export const instanceGroupNorm: Kernel<GroupNormArguments> = {
  name: 'InstanceNormalization of groups',
  emit({ w, x, groups, normalize }) {
    const { op } = w;
    const channels = x.shape[1] as number;
    const parts = op.reshape(x, op.integers(0, groups, -1), [x.shape[0]!, groups, 'group']);
    const normed = op.reshape(normalize(op, parts), op.sizes(x, 0, 4), x.shape);
    const perChannel = (name: string) =>
      op.reshape(w.get(name, [channels]), op.integers(channels, 1, 1), [channels, 1, 1]);
    return op.add(op.mul(normed, perChannel('weight')), perChannel('bias'));
  },
};
