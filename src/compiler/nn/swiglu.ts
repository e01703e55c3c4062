import type { Value } from '../onnx/graph.js';
import type { Kernel, SwigluArguments } from '../targets/target.js';
import type { Weights } from '../weights.js';
import { choose } from './choose.js';
import { likeRowsOf, linear } from './linear.js';

/** down(silu(gate·x) ∘ up·x · scale) of x [B, S, D]. */
export function swiglu(w: Weights, x: Value, inner: number, names: SwigluArguments['names'], scale = 1): Value {
  return choose(w.op.graph, w.op.lowering.kernels.swiglu, { w, x, inner, names, scale });
}

/** Operators of their own, on whatever shape x has. */
export const separateSwiglu: Kernel<SwigluArguments> = {
  name: 'QuickGelu and Mul',
  emit({ w, x, inner, names: { gate, up, down }, scale }) {
    const { op } = w;
    const hidden = op.mul(op.silu(linear(w.at(gate), x, inner)), linear(w.at(up), x, inner));
    const scaled = scale === 1 ? hidden : op.mul(hidden, op.scalar(scale, hidden.type));
    return linear(w.at(down), scaled, x.shape.at(-1) as number);
  },
};

/** The same on rows: a Gemm takes rows only, so the sequence is laid flat once instead of before each of the three. */
export const rowSwiglu: Kernel<SwigluArguments> = {
  name: separateSwiglu.name,
  emit: (args) => likeRowsOf(args.w.op, args.x, separateSwiglu.emit({ ...args, x: args.w.op.flatten(args.x) })),
};
