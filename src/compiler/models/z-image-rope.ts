import { axisTable } from '../nn/rope.js';
import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';
import type { TransformerConfig } from './z-image-config.js';

/** Cosines and sines [B·S, Dh/2] of tokens whose frames, rows and columns are each int64 [B, S]. */
export function tablesAt(
  op: Ops,
  { axes, headDim, theta }: TransformerConfig,
  positions: readonly Value[],
): { cos: Value; sin: Value } {
  const table = (of: (angle: number) => number) => {
    const parts = axes.map(({ dims, length }, i) => op.gather(axisTable(op, of, length, dims, theta), positions[i]!));
    return op.reshape(op.concat(parts, 2, headDim / 2), op.integers(-1, headDim / 2), ['B*S', headDim / 2]);
  };
  return { cos: table(Math.cos), sin: table(Math.sin) };
}
