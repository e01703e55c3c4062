import { blockSize } from '../../checkpoint/formats/scales.js';
import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';

/**
 * weight [rows, width] times scales [R, C], one factor a block of rows and columns; blocks at the end may be cut short. All of it is
 * constant, so ONNX Runtime computes it once, when it loads the graph. float32
 */
export function timesBlocks(op: Ops, weight: Value, scales: Value): Value {
  const [rows, width] = weight.shape as [number, number];
  const [blocksOfRows, blocks] = scales.shape as [number, number];
  const [blockRows, blockColumns] = blockSize([rows, width], [blocksOfRows, blocks])!;
  const ofRows = blockRows === 1 ? scales : op.gather(scales, blockOf(op, rows, blockRows)); // [rows, C]
  if (blocks * blockColumns === width) {
    const apart = op.reshape(weight, op.integers(rows, blocks, blockColumns), [rows, blocks, blockColumns]);
    return op.reshape(op.mul(apart, op.unsqueeze(ofRows, 2)), op.integers(rows, width), [rows, width]);
  }
  const ofColumns = op.gather(op.transpose(ofRows, [1, 0]), blockOf(op, width, blockColumns)); // [width, rows]
  return op.mul(weight, op.transpose(ofColumns, [1, 0]));
}

/** Of each row or column the block that it is in. int64 [count] */
function blockOf(op: Ops, count: number, size: number): Value {
  const indices = BigInt64Array.from({ length: count }, (_, i) => BigInt(Math.floor(i / size)));
  return op.graph.constant(indices, [count], 'blocks');
}
