import { join } from 'node:path';
import type { CompiledGraph } from '../../src/compiler/index.js';
import { type Integers, integers, openSession } from '../../src/engine/runtime/session.js';
import type { Tensor } from '../../src/engine/runtime/tensor.js';

/** Reference data and tiny checkpoints that travel with the project. */
export const fixtures = join(import.meta.dirname, '..', 'parity', 'fixtures');

/** A few tokens, as inputs of a text encoder. */
export const text = { ids: integers([1, 5], [3, 1, 4, 1, 5]) };

/** Runs a graph once on the CPU. */
export async function run(
  graph: CompiledGraph,
  inputs: Readonly<Record<string, Tensor | Integers>>,
): Promise<Readonly<Record<string, Tensor>>> {
  const session = await openSession(graph, { device: 'cpu', threads: 1 });
  try {
    const outputs = await session.run(inputs);
    return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, output.read()]));
  } finally {
    await session.dispose();
  }
}

/** The largest difference between two lists of numbers. */
export function farthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Infinity;
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}
