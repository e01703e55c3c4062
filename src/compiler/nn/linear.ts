import type { Value } from '../onnx/graph.js';
import type { Weights } from '../weights.js';

/** x·Wᵀ + b over the last axis of x [N, in] or [B, S, in], with W [out, in] as a checkpoint has it. */
export function linear(w: Weights, x: Value, out: number, { bias = false }: { readonly bias?: boolean } = {}): Value {
  const { op } = w;
  const weight = w.get('weight', [out, x.shape.at(-1) as number]);
  const shift = bias ? w.get('bias', [out]) : null;
  if (op.lowering.linear === 'matmul') {
    const product = op.matmul(x, op.transpose(weight, [1, 0]));
    return shift === null ? product : op.add(product, shift);
  }
  if (x.shape.length === 2) return op.gemm(x, weight, shift);
  const rows = op.gemm(op.flatten(x), weight, shift);
  return op.reshape(rows, op.concat([op.sizes(x, 0, 2), op.integers(out)], 0, 3), [...x.shape.slice(0, 2), out]);
}
