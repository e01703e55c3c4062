import type { Value } from '../onnx/graph.js';
import type { Weights } from '../weights.js';
import { linear } from './linear.js';

/** What a checkpoint calls the three matrices. */
export interface SwigluNames {
  readonly gate: string;
  readonly up: string;
  readonly down: string;
}

/** down(silu(gate·x) ∘ up·x), times `scale` (which keeps half precision from overflowing). */
export function swiglu(w: Weights, x: Value, inner: number, { gate, up, down }: SwigluNames, scale = 1): Value {
  const { op } = w;
  const hidden = op.mul(op.silu(linear(w.at(gate), x, inner)), linear(w.at(up), x, inner));
  const fitted = scale === 1 ? hidden : op.mul(hidden, op.scalar(scale, hidden.type));
  return linear(w.at(down), fitted, x.shape.at(-1) as number);
}
