import { type Tensor, tensor } from '../../src/engine/runtime/tensor.js';

/** Numbers that are not all alike. */
export function wave(shape: readonly number[]): Tensor {
  const length = shape.reduce((product, side) => product * side, 1);
  return tensor(
    shape,
    Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7)),
  );
}
