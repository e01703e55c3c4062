import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';
import type { Kernel, LinearArguments } from '../targets/target.js';
import type { LowRankInputs, Weights } from '../weights.js';
import { choose } from './choose.js';

/** x·Wᵀ + b over the last axis of x [N, in] or [B, S, in], with W [out, in] as a checkpoint has it. */
export function linear(w: Weights, x: Value, out: number, { bias = false }: { readonly bias?: boolean } = {}): Value {
  return choose(w.op.graph, w.op.lowering.kernels.linear, { w, x, out, bias });
}

/** Weights in blocks of few bits, which are taken apart at every use. */
export const blockLinear: Kernel<LinearArguments> = {
  name: 'MatMulNBits',
  supports: ({ w }) => w.isBlocks('weight'),
  emit({ w, x, out, bias }) {
    const { op } = w;
    const width = x.shape.at(-1) as number;
    const product = op.matmulBlocks(x, w.blocks('weight', [out, width]));
    return plus(op, changed(op, product, x, w.lowRankInputs(out, width)), biasOf(w, out, bias));
  },
};

/** One product of rows [N, in] with the weight as it lies. */
export const gemmLinear: Kernel<LinearArguments> = {
  name: 'Gemm',
  emit({ w, x, out, bias }) {
    const { op } = w;
    const width = x.shape.at(-1) as number;
    const rows = x.shape.length === 2 ? x : op.flatten(x);
    const change = w.lowRankInputs(out, width);
    let product = op.gemm(rows, w.get('weight', [out, width]), biasOf(w, out, bias));
    // One product onto another: with R = 0 ONNX Runtime's CPU gives the first back, bit for bit. All such layers together cost Inkling's
    // step 4 %, so a model has them only when a request wants them.
    if (change !== null) product = op.gemm(op.gemm(rows, change.down, null), change.up, product);
    return x.shape.length === 2 ? product : likeRowsOf(op, x, product);
  },
};

/** A batched product with a transposed copy of the weight. */
export const matmulLinear: Kernel<LinearArguments> = {
  name: 'MatMul',
  emit({ w, x, out, bias }) {
    const { op } = w;
    const width = x.shape.at(-1) as number;
    const product = op.matmul(x, op.transpose(w.get('weight', [out, width]), [1, 0]));
    return plus(op, changed(op, product, x, w.lowRankInputs(out, width)), biasOf(w, out, bias));
  },
};

/** Rows [B·S, out] as the sequences [B, S, out] of x [B, S, …]. */
export function likeRowsOf(op: Ops, x: Value, rows: Value): Value {
  const out = rows.shape.at(-1) as number;
  return op.reshape(rows, op.concat([op.sizes(x, 0, 2), op.integers(out)], 0, 3), [...x.shape.slice(0, 2), out]);
}

const biasOf = (w: Weights, out: number, bias: boolean) => (bias ? w.get('bias', [out]) : null);

/** product + (x·Aᵀ)·Bᵀ. */
function changed(op: Ops, product: Value, x: Value, change: LowRankInputs | null): Value {
  if (change === null) return product;
  const down = op.matmul(x, op.transpose(change.down, [1, 0]));
  return op.add(product, op.matmul(down, op.transpose(change.up, [1, 0])));
}

const plus = (op: Ops, x: Value, bias: Value | null) => (bias === null ? x : op.add(x, bias));
