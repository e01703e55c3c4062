import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';
import type { LowRankInputs, Weights } from '../weights.js';

/** x·Wᵀ + b over the last axis of x [N, in] or [B, S, in], with W [out, in] as a checkpoint has it. */
export function linear(w: Weights, x: Value, out: number, { bias = false }: { readonly bias?: boolean } = {}): Value {
  const { op } = w;
  const width = x.shape.at(-1) as number;
  const shift = bias ? w.get('bias', [out]) : null;
  const change = w.lowRankInputs(out, width);
  const blocks = w.blocks('weight', [out, width]);
  if (blocks !== null) return plus(op, changed(op, op.matmulBlocks(x, blocks), x, change), shift);
  const weight = w.get('weight', [out, width]);
  if (op.lowering.linear === 'matmul')
    return plus(op, changed(op, op.matmul(x, op.transpose(weight, [1, 0])), x, change), shift);
  const flat = x.shape.length === 2 ? x : op.flatten(x);
  let rows = op.gemm(flat, weight, shift);
  // One product onto another: with R = 0 ONNX Runtime's CPU gives `rows` back, bit for bit. All such layers together cost Inkling's step
  // 4 %, so a model has them only when a request wants them.
  if (change !== null) rows = op.gemm(op.gemm(flat, change.down, null), change.up, rows);
  if (x.shape.length === 2) return rows;
  return op.reshape(rows, op.concat([op.sizes(x, 0, 2), op.integers(out)], 0, 3), [...x.shape.slice(0, 2), out]);
}

/** product + (x·Aᵀ)·Bᵀ. */
function changed(op: Ops, product: Value, x: Value, change: LowRankInputs | null): Value {
  if (change === null) return product;
  const down = op.matmul(x, op.transpose(change.down, [1, 0]));
  return op.add(product, op.matmul(down, op.transpose(change.up, [1, 0])));
}

function plus(op: Ops, x: Value, shift: Value | null): Value {
  return shift === null ? x : op.add(x, shift);
}
