import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Graph } from '../../src/compiler/index.js';
import { Ops } from '../../src/compiler/onnx/ops.js';
import { targets } from '../../src/compiler/targets/index.js';
import { temporaryFolder } from './checkpoints.js';

/** Left, top, right, bottom, as shares of the sides. */
const FACE = [0.25, 0.25, 0.5, 0.625];
const ELSEWHERE = [0.75, 0.75, 0.9, 0.9];

/**
 * A detector of UltraFace's format that takes red for a face: its score is the mean of the red in the image's upper left part, and a
 * second candidate never is one.
 */
export function detector(change: { input?: string; side?: number | string; face?: readonly number[] } = {}): string {
  const { input = 'input', side = 16, face = FACE } = change;
  const graph = new Graph('faces');
  const op = new Ops(graph, targets.cpu.transformer);
  const image = graph.input(input, 'float32', [1, 3, side, 16]);
  const red = op.slice(image, op.integers(0), op.integers(1), 1, 1);
  const [score] = graph.node('ReduceMean', [red, op.integers(1, 2, 3)], [{ type: 'float32', shape: [1, 1, 1, 1] }]);
  const row = op.mul(
    op.reshape(score!, op.integers(1, 1, 1), [1, 1, 1]),
    graph.constant(Float32Array.of(0, 1, 0, 0.1), [1, 2, 2]),
  );
  graph.output('scores', row);
  graph.output(
    'boxes',
    op.mul(
      graph.constant(Float32Array.from([...face, ...ELSEWHERE]), [1, 2, 4]),
      graph.constant(Float32Array.of(1), [1]),
    ),
  );
  const file = join(temporaryFolder(), 'faces.onnx');
  writeFileSync(file, graph.encode());
  return file;
}
