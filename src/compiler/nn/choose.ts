import { type Graph, GraphError } from '../onnx/graph.js';
import type { Choices } from '../targets/target.js';

/** Emits the first kernel that supports the arguments, and notes in the graph which one that was. */
export function choose<Arguments, Result>(graph: Graph, choices: Choices<Arguments, Result>, args: Arguments): Result {
  const kernel = choices.find(({ supports }) => supports?.(args) ?? true);
  if (kernel === undefined)
    throw new GraphError(
      `${graph.name}: none of ${choices.map(({ name }) => name).join(', ')} supports the arguments.`,
    );
  graph.kernels.add(kernel.name);
  return kernel.emit(args);
}
