import type { Graph } from '../onnx/graph.js';
import { dropUnused } from './drop-unused.js';
import { mergeEqual } from './merge-equal.js';
import { sizesFromInputs } from './sizes-from-inputs.js';

/** Rewrites a graph in place into one that computes the same. */
export interface Pass {
  readonly name: string;
  /** @returns how many nodes were changed or left out */
  readonly run: (graph: Graph) => number;
}

/** In the order in which they run, each once: equal sizes merge only after they are taken from the same value. */
export const passes: readonly Pass[] = [sizesFromInputs, mergeEqual, dropUnused];

/** Runs all passes. @returns how often each has fired */
export function simplify(graph: Graph): Readonly<Record<string, number>> {
  return Object.fromEntries(passes.map(({ name, run }) => [name, run(graph)]));
}
