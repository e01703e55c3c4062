import type { Dim, Value } from '../onnx/graph.js';
import type { ConvArguments, Kernel } from '../targets/target.js';
import type { Weights } from '../weights.js';
import { choose } from './choose.js';

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
  const [height, width] = x.shape.slice(2) as [Dim, Dim];
  const margin = (kernel - 1) / 2;
  return choose(w.op.graph, w.op.lowering.kernels.conv, {
    ...{ w, x, out, kernel, stride, bias },
    pads: pads ?? [margin, margin, margin, margin],
    size: size ?? [height, width],
  });
}

/** The operator as it is, channels first. */
export const plainConv: Kernel<ConvArguments> = {
  name: 'Conv',
  emit({ w, x, out, kernel, stride, pads, size, bias }) {
    const [batch, channels] = x.shape as [Dim, number];
    const weight = w.get('weight', [out, channels, kernel, kernel]);
    return w.op.conv(x, weight, bias ? w.get('bias', [out]) : null, [batch, out, ...size], { stride, pads });
  },
};

/** Names of a side after a change of scale: `h*4`, `H/2`. */
export function scaledSize(height: string, width: string, operator: '*' | '/', level: number): [string, string] {
  const factor = 2 ** level;
  return [`${height}${operator}${factor}`, `${width}${operator}${factor}`];
}
