/** How a matrix [rows, width] is kept in few bits: each row in blocks, each block with its own scale and zero point. */
export interface BlockFormat {
  readonly bits: 4 | 8;
  /** Values of a block. */
  readonly block: 16 | 32 | 64 | 128;
}

/** A matrix as ONNX Runtime's MatMulNBits takes it: value = (code − zero point) · scale. */
export interface BlockQuantised {
  /** [rows, blocks, block · bits / 8]; of two codes in a byte the first is in the low half. What pads the last block is zero. */
  readonly codes: Uint8Array;
  /** [rows, blocks] */
  readonly scales: Float32Array;
  /** [rows, bytes that hold `blocks` codes] */
  readonly zeroPoints: Uint8Array;
}

/** Sizes of the three tensors that stand for a matrix [rows, width]. */
export function blockShapes([rows, width]: readonly [number, number], { bits, block }: BlockFormat) {
  const blocks = Math.ceil(width / block);
  return {
    codes: [rows, blocks, (block * bits) / 8],
    scales: [rows, blocks],
    zeroPoints: [rows, Math.ceil((blocks * bits) / 8)],
  };
}

/**
 * Quantises rows [rows, width] to the nearest of evenly spaced values between each block's least and greatest, one of which is 0.
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md#com.microsoft.MatMulNBits
 */
export function quantiseBlocks(values: Float32Array, width: number, format: BlockFormat): BlockQuantised {
  const { bits, block } = format;
  const rows = values.length / width;
  const shapes = blockShapes([rows, width], format);
  const blocks = shapes.scales[1]!;
  const [rowBytes, zeroBytes] = [blocks * shapes.codes[2]!, shapes.zeroPoints[1]!];
  const quantised = {
    codes: new Uint8Array(rows * rowBytes),
    scales: new Float32Array(rows * blocks),
    zeroPoints: new Uint8Array(rows * zeroBytes),
  };
  const most = 2 ** bits - 1;
  for (let row = 0; row < rows; row++) {
    for (let b = 0; b < blocks; b++) {
      const from = row * width + b * block;
      const to = Math.min(from + block, (row + 1) * width);
      const { scale, zero } = gridOf(values, from, to, most);
      quantised.scales[row * blocks + b] = scale;
      put(quantised.zeroPoints, row * zeroBytes, b, zero, bits);
      for (let i = 0; i < block; i++) {
        const code = from + i < to ? nearest(values[from + i]! / scale, zero, most) : zero;
        put(quantised.codes, row * rowBytes, b * block + i, code, bits);
      }
    }
  }
  return quantised;
}

/** The grid of `most` + 1 values that holds every value and 0. */
function gridOf(values: Float32Array, from: number, to: number, most: number): { scale: number; zero: number } {
  let [least, greatest] = [0, 0];
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const scale = Math.fround((greatest - least) / most);
  return scale === 0 ? { scale: 1, zero: 0 } : { scale, zero: nearest(-least / scale, 0, most) };
}

function nearest(steps: number, zero: number, most: number): number {
  const code = Math.floor(steps + 0.5) + zero;
  return code < 0 ? 0 : code > most ? most : code;
}

function put(bytes: Uint8Array, start: number, index: number, code: number, bits: 4 | 8): void {
  if (bits === 8) bytes[start + index] = code;
  else bytes[start + (index >> 1)]! |= code << (4 * (index & 1));
}
