import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkGraph } from '../../src/compiler/onnx/checker.js';
import { Graph, GraphError, type Value } from '../../src/compiler/onnx/graph.js';
import { temporaryFolder } from './files.js';

/** y = x·Wᵀ with x [rows, 3] and W [2, 3], or whatever `make` does instead. */
function graphOf(make: (graph: Graph, x: Value, w: Value) => void): Graph {
  const graph = new Graph('sample');
  const x = graph.input('x', 'float32', ['rows', 3]);
  const w = graph.constant(new Float32Array(6), [2, 3], 'w');
  make(graph, x, w);
  return graph;
}

const product: Omit<Value, 'name'> = { type: 'float32', shape: ['rows', 2] };
const gemm = { transB: 1 };

describe('the checker', () => {
  it('lets a sound graph pass', () => {
    const graph = graphOf((g, x, w) => g.output('y', g.node('Gemm', [x, w], [product], gemm)[0]!));
    expect(() => checkGraph(graph, '.')).not.toThrow();
  });

  it.each<[string, (graph: Graph, x: Value, w: Value) => void, string | RegExp]>([
    ['an operator that nobody knows', (g, x) => g.node('Gemn', [x], [product]), 'no operator of that name'],
    [
      'an operator of another domain',
      (g, x) => g.node('QuickGelu', [x], [x], { alpha: { float: 1 } }),
      'no operator of that name',
    ],
    ['an input too many', (g, x, w) => g.node('Gemm', [x, w, null, x], [product], gemm), 'takes 3 inputs'],
    ['an input too few', (g, x) => g.node('Gemm', [x], [product], gemm), '"b" is missing'],
    ['an input left out that is needed', (g, x) => g.node('Gemm', [x, null], [product], gemm), '"b" is missing'],
    [
      'a value from nowhere',
      (g, x) => g.node('Gemm', [x, { name: 'ghost', ...product }], [product], gemm),
      '"ghost" before',
    ],
    ['an attribute that is none', (g, x, w) => g.node('Gemm', [x, w], [product], { ...gemm, trans: 1 }), '"trans"'],
    [
      'an attribute of another type',
      (g, x, w) => g.node('Gemm', [x, w], [product], { transB: { float: 1 } }),
      'type int, not float',
    ],
    ['an attribute left out', (g, x, w) => g.node('Gemm', [x, w], [product]), '"transB" is missing'],
    [
      'inner sizes that differ',
      (g, x, w) => g.node('Gemm', [x, w], [product], { transB: 0 }),
      'inner sizes are 3 and 2',
    ],
    [
      'a result said to have another shape',
      (g, x, w) => g.node('Gemm', [x, w], [{ ...product, shape: ['rows', 5] }], gemm),
      'is said to be [rows,5] but is [rows,2]',
    ],
    [
      'a result said to have another type',
      (g, x, w) => g.node('Gemm', [x, w], [{ ...product, type: 'float16' }], gemm),
      'is said to be float16 but is float32',
    ],
    ['a result too many', (g, x) => g.node('Tanh', [x], [x, x]), 'has 1 results'],
    [
      'types that do not mix',
      (g, x) => g.node('Add', [x, g.constant(BigInt64Array.of(1n), [1])], [x]),
      /float32 but .* is int64/,
    ],
    [
      'sizes that do not broadcast',
      (g, x) => g.node('Add', [x, g.constant(new Float32Array(4), [4])], [x]),
      'sizes are 3 and 4',
    ],
    [
      'a cast to another type than said',
      (g, x) => g.node('Cast', [x], [{ ...x, type: 'float16' }], { to: 1 }),
      'casts to another type',
    ],
    [
      'a reshape that loses values',
      (g, _x, w) => g.node('Reshape', [w, g.constant(BigInt64Array.of(5n), [1])], [{ type: 'float32', shape: [5] }]),
      '6 values',
    ],
  ])('refuses %s, and names the node', (_what, make, complaint) => {
    const graph = graphOf((g, x, w) => g.within('layers.7', () => make(g, x, w)));
    expect(() => checkGraph(graph, '.')).toThrow(GraphError);
    expect(() => checkGraph(graph, '.')).toThrow(complaint);
    expect(() => checkGraph(graph, '.')).toThrow('"layers.7/');
  });

  it('refuses two values of one name', () => {
    const graph = graphOf((g, x) => g.output('x', x));
    expect(() => checkGraph(graph, '.')).toThrow('"x" is defined twice');
  });

  it('refuses a weight of other bytes than its shape needs, or past the end of its file', () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'w.bin'), Buffer.alloc(40));
    const weighed = (offset: number, length: number) => {
      return graphOf((g) => void g.external('weight', 'float32', [2, 3], { location: 'w.bin', offset, length }));
    };
    expect(() => checkGraph(weighed(16, 24), folder)).not.toThrow();
    expect(() => checkGraph(weighed(0, 20), folder)).toThrow('weight weight: float32 [2,3] needs 24 bytes but has 20');
    expect(() => checkGraph(weighed(20, 24), folder)).toThrow(/ends at byte 44 of .*w\.bin, which has 40/);
  });
});
