import type { Graph, Node, Value } from '../onnx/graph.js';
import type { Pass } from './index.js';

/**
 * Sizes are taken from the graph's inputs instead of the values inside: axes of one name have one size, so the same few nodes
 * remain, and they are answered before anything is computed.
 */
export const sizesFromInputs: Pass = {
  name: 'sizes-from-inputs',
  run(graph) {
    const { nodes } = graph;
    let changed = 0;
    graph.replaceNodes(
      nodes.map((node) => {
        const asked = node.op === 'Shape' ? askedOf(graph, node) : null;
        if (asked === null || asked.input === node.inputs[0]) return node;
        changed++;
        return { ...node, inputs: [asked.input], attributes: { start: asked.start, end: asked.end } };
      }),
    );
    return changed;
  },
};

/** The first input with the same named axes, side by side. */
function askedOf(graph: Graph, { inputs: [x], attributes }: Node): { input: Value; start: number; end: number } | null {
  const names = x!.shape.slice(attributes.start as number, attributes.end as number);
  if (!names.every((name) => typeof name === 'string')) return null;
  for (const input of graph.inputs) {
    for (let start = 0; start + names.length <= input.shape.length; start++) {
      if (names.every((name, i) => input.shape[start + i] === name)) return { input, start, end: start + names.length };
    }
  }
  return null;
}
