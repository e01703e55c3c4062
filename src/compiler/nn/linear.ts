import type { Value } from '../onnx/graph.js';
import type { Weights } from '../weights.js';

/** x·Wᵀ + b over the last axis of x [B, S, in] (or [N, in]); `rows` reshapes back to three axes. */
export function linear(w: Weights, x: Value, out: number, { bias = false }: { bias?: boolean } = {}): Value {
  const { op } = w;
  const inner = x.shape.at(-1) as number;
  const weight = w.get('weight', [out, inner]);
  const product = op.gemm(x.shape.length === 2 ? x : op.flatten(x), weight, bias ? w.get('bias', [out]) : null);
  if (x.shape.length === 2) return product;
  const [batch, rows] = x.shape as [string, string];
  return op.reshape(product, op.concat([op.sizes(x, 0, 2), op.integers(out)], 0, 3), [batch, rows, out]);
}
