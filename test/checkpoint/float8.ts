import { bytesOf } from '../compiler/files.js';
import { plain, type Storage } from './checkpoints.js';

/** What the 128 positive codes of an 8-bit float stand for, so far as they are finite. */
const positive = {
  // https://arxiv.org/abs/2209.05433: e4m3 has no infinity, and only its highest code is no number.
  F8_E4M3: codes(127, (code) => finite(code >> 3, (code & 7) / 8, 7)),
  // e5m2 is the upper half of a binary16: exponent 31 is infinity or no number.
  F8_E5M2: codes(124, (code) => finite(code >> 2, (code & 3) / 4, 15)),
};

function codes(count: number, value: (code: number) => number): Float32Array {
  return Float32Array.from({ length: count }, (_, code) => value(code));
}

function finite(exponent: number, fraction: number, bias: number): number {
  return exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
}

interface Float8 {
  readonly type: keyof typeof positive;
  /** Left out, no scales at all. */
  readonly scales?: {
    readonly suffix: '_scale' | '_scale_inv';
    /** Rows and columns that share a factor. */
    readonly block: readonly [number, number];
  };
}

/** Matrices as 8-bit floats, each the nearest that is not above it in size, with a scale for each block of rows and columns. */
export const inFloat8 =
  ({ type, scales }: Float8): Storage =>
  (name, shape, values) => {
    if (shape.length !== 2 || !name.endsWith('.weight')) return plain(name, shape, values);
    const [rows, width] = shape as [number, number];
    const [blockRows, blockColumns] = scales?.block ?? [rows, width];
    const factorsShape = [Math.ceil(rows / blockRows), Math.ceil(width / blockColumns)];
    // Powers of two times 3 or 5, so that products are exact.
    const factors = Float32Array.from({ length: factorsShape[0]! * factorsShape[1]! }, (_, i) =>
      scales === undefined ? 1 : (3 + 2 * (i % 2)) * 2 ** -(4 + (i % 3)),
    );
    const factorOf = (i: number) =>
      factors[
        Math.floor(Math.floor(i / width) / blockRows) * factorsShape[1]! + Math.floor((i % width) / blockColumns)
      ]!;
    const table = positive[type];
    const coded = Uint8Array.from(values, (value, i) => {
      const size = Math.abs(value) / factorOf(i);
      const above = table.findIndex((known) => known > size);
      return (value < 0 ? 128 : 0) | ((above < 0 ? table.length : above) - 1);
    });
    return {
      tensors: {
        [name]: { type, shape, data: coded },
        ...(scales !== undefined && {
          [`${name}${scales.suffix}`]: { type: 'F32', shape: factorsShape, data: bytesOf(factors) },
        }),
      },
      values: Float32Array.from(coded, (code, i) => (code > 127 ? -1 : 1) * table[code & 127]! * factorOf(i)),
    };
  };
