import type { Dim, Value } from '../onnx/graph.js';
import type { Weights } from '../weights.js';

export interface ConvOptions {
  readonly kernel?: 1 | 3;
  readonly stride?: 1 | 2;
  /** top, left, bottom, right; left out, the size stays. */
  readonly pads?: readonly [number, number, number, number];
  /** Height and width of what comes out, where they differ from what goes in. */
  readonly size?: readonly [Dim, Dim];
  /** Left out, it has one. */
  readonly bias?: boolean;
}

/** A convolution over x [B, C, H, W]. */
export function conv(
  w: Weights,
  x: Value,
  out: number,
  { kernel = 3, stride = 1, pads, size, bias = true }: ConvOptions = {},
): Value {
  const [batch, channels, height, width] = x.shape as [Dim, number, Dim, Dim];
  const margin = (kernel - 1) / 2;
  return w.op.conv(
    x,
    w.get('weight', [out, channels, kernel, kernel]),
    bias ? w.get('bias', [out]) : null,
    [batch, out, ...(size ?? [height, width])],
    { stride, pads: pads ?? [margin, margin, margin, margin] },
  );
}

/** Names of a side after a change of scale: `h*4`, `H/2`. */
export function scaledSize(height: string, width: string, operator: '*' | '/', level: number): [string, string] {
  const factor = 2 ** level;
  return [`${height}${operator}${factor}`, `${width}${operator}${factor}`];
}
