import type { Pass } from './index.js';

/** What no output depends on is left out: nodes, constants and weights. */
export const dropUnused: Pass = {
  name: 'drop-unused',
  run(graph) {
    const needed = new Set(graph.outputs.map(({ name }) => name));
    const kept = graph.nodes
      .toReversed()
      .filter(({ inputs, outputs }) => {
        const isNeeded = outputs.some(({ name }) => needed.has(name));
        if (isNeeded) for (const input of inputs) if (input !== null) needed.add(input.name);
        return isNeeded;
      })
      .reverse();
    const dropped = graph.nodes.length - kept.length;
    graph.replaceNodes(kept);
    for (const name of graph.initializers.keys()) if (!needed.has(name)) graph.initializers.delete(name);
    return dropped;
  },
};
