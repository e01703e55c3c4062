import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';

/** Cosines and sines [M, D/2], and which of their rows each token takes [B, S]. */
export interface Rope {
  readonly positions: Value;
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * Tables of positions 0 … L − 1 along one axis of `dims` channels: angle = position · θ^(−2i/dims).
 * Worked out in double precision and kept in single, as the reference does.
 */
export function axisTable(op: Ops, of: (angle: number) => number, length: number, dims: number, theta: number): Value {
  const pairs = dims / 2;
  const data = new Float32Array(length * pairs);
  for (let position = 0; position < length; position++) {
    for (let i = 0; i < pairs; i++) data[position * pairs + i] = of(position * theta ** ((-2 * i) / dims));
  }
  return op.graph.constant(data, [length, pairs], `rope.${of.name}`);
}

/** cos and sin of position · θ^(−2i/dims) for positions 0 … L − 1 that are known only when the graph runs. */
export function sequenceTables(op: Ops, positions: Value, dims: number, theta: number): { cos: Value; sin: Value } {
  const frequencies = Float32Array.from({ length: dims / 2 }, (_, i) => 1 / theta ** ((2 * i) / dims));
  const angles = op.mul(
    op.unsqueeze(op.cast(positions, 'float32'), 1),
    op.graph.constant(frequencies, [1, dims / 2], 'frequencies'),
  );
  return { cos: op.cast(op.cos(angles), op.lowering.compute), sin: op.cast(op.sin(angles), op.lowering.compute) };
}

/** Rotates x [B, S, H·D]: neighbours when interleaved, halves otherwise. */
export function rotate(op: Ops, x: Value, { positions, cos, sin }: Rope, interleaved: boolean): Value {
  return op.rotary(x, positions, cos, sin, interleaved);
}
