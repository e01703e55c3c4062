import type { Graph, Node, Value } from '../onnx/graph.js';
import type { Pass } from './index.js';

/** Of nodes that compute the same of the same values, and of constants with the same numbers, the first serves for all. */
export const mergeEqual: Pass = {
  name: 'merge-equal',
  run(graph) {
    const stands = new Map<string, Value>();
    mergeConstants(graph, stands);
    const known = new Map<string, Node>();
    const kept: Node[] = [];
    const outputs = new Set(graph.outputs.map(({ name }) => name));
    for (const node of graph.nodes) {
      const inputs = node.inputs.map((input) => (input === null ? null : (stands.get(input.name) ?? input)));
      const key = keyOf(node, inputs);
      const first = known.get(key);
      // A result of the graph keeps its name.
      if (first === undefined || node.outputs.some(({ name }) => outputs.has(name))) {
        const seen = { ...node, inputs };
        known.set(key, first ?? seen);
        kept.push(seen);
      } else for (const [i, { name }] of node.outputs.entries()) stands.set(name, first.outputs[i]!);
    }
    const merged = graph.nodes.length - kept.length;
    graph.replaceNodes(kept);
    return merged;
  },
};

function mergeConstants(graph: Graph, stands: Map<string, Value>): void {
  const known = new Map<string, Value>();
  for (const [name, initializer] of graph.initializers) {
    if (!('bytes' in initializer)) continue;
    const { type, shape } = initializer.value;
    const key = `${type} [${shape}] ${Buffer.from(initializer.bytes).toString('base64')}`;
    const first = known.get(key);
    if (first === undefined) known.set(key, initializer.value);
    else {
      stands.set(name, first);
      graph.initializers.delete(name);
    }
  }
}

const keyOf = ({ op, domain, attributes, outputs }: Node, inputs: readonly (Value | null)[]) =>
  JSON.stringify([domain, op, inputs.map((input) => input?.name ?? null), attributes, outputs.length]);
