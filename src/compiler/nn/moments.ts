import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';
import { byItself, type GroupNormalizer } from './group-norm.js';

/** Normalises as always, and collects the mean and the mean square of each group: [B, G, 2] a norm, in order. */
export function measuredMoments(into: Value[], eps: number): GroupNormalizer {
  const normalize = byItself(eps);
  return (op, x) => {
    const moments = op.concat([op.mean(x, 2), op.mean(op.mul(x, x), 2)], 2, 2);
    into.push(moments);
    return normalize(op, x);
  };
}

/** Normalises by moments that are known beforehand: x·factor + offset, both inputs [1, norms·G, 1]. */
export function givenMoments({ graph }: Ops, norms: number, groups: number): GroupNormalizer {
  const factor = graph.input('factor', 'float32', [1, norms * groups, 1]);
  const offset = graph.input('offset', 'float32', [1, norms * groups, 1]);
  let next = 0;
  return (op, x) => {
    const from = groups * next++;
    const own = (all: Value) => op.slice(all, op.integers(from), op.integers(from + groups), 1, groups);
    return op.add(op.mul(x, own(factor)), own(offset));
  };
}
