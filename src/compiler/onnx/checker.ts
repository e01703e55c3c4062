import { statSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Attribute,
  type Dim,
  elementBytes,
  elementTypes,
  type Graph,
  GraphError,
  type Initializer,
  type Node,
  type Value,
} from './graph.js';
import type { Call, InferredDim } from './inference.js';
import { type Operator, operators } from './operators.js';

/**
 * Proves what can be proved of a graph before it runs: every value is defined once and before its use, every operator is
 * one we know and is called as it wants to be, types and sizes agree as far as they are known, and weights lie inside their files.
 *
 * @param weightsFolder what the locations of the weights are relative to
 * @throws GraphError that names the node or weight
 */
export function checkGraph(graph: Graph, weightsFolder: string): void {
  const defined = new Map<string, Value>();
  const define = (value: Value, where: string) => {
    if (defined.has(value.name)) throw new GraphError(`${where}: the value "${value.name}" is defined twice.`);
    defined.set(value.name, value);
  };
  for (const input of graph.inputs) define(input, `input ${input.name}`);
  const sizes = new Map<string, number>();
  for (const initializer of graph.initializers.values()) {
    checkInitializer(initializer, weightsFolder, sizes);
    define(initializer.value, `weight ${initializer.value.name}`);
  }
  for (const node of graph.nodes) {
    checkNode(node, graph, defined);
    for (const output of node.outputs) define(output, node.name);
  }
  for (const { name } of graph.outputs) {
    if (!defined.has(name)) throw new GraphError(`${graph.name}: nothing computes the output "${name}".`);
  }
}

function checkInitializer(initializer: Initializer, folder: string, sizes: Map<string, number>): void {
  const { name, type, shape } = initializer.value;
  const expected = shape.reduce<number>((product, side) => product * (side as number), elementBytes[type]);
  const length = 'bytes' in initializer ? initializer.bytes.length : initializer.length;
  if (length !== expected)
    throw new GraphError(`weight ${name}: ${type} [${shape}] needs ${expected} bytes but has ${length}.`);
  if ('bytes' in initializer) return;
  const file = join(folder, initializer.location);
  const size = sizes.get(file) ?? statSync(file).size;
  sizes.set(file, size);
  const end = initializer.offset + length;
  if (end > size) throw new GraphError(`weight ${name}: it ends at byte ${end} of ${file}, which has ${size}.`);
}

function checkNode(node: Node, graph: Graph, defined: ReadonlyMap<string, Value>): void {
  const fail = (complaint: string): never => {
    throw new GraphError(`${graph.name}: ${node.op} "${node.name}": ${complaint}.`);
  };
  const operator = operators[node.domain === '' ? node.op : `${node.domain}.${node.op}`];
  if (operator === undefined)
    throw new GraphError(`${graph.name}: ${node.op} "${node.name}": no operator of that name is known.`);
  checkInputs(node, operator, defined, fail);
  checkAttributes(node, operator, fail);
  const inferred = operator.infer(callOf(node, graph, fail));
  if (node.outputs.length > inferred.length) fail(`it has ${inferred.length} results, not ${node.outputs.length}`);
  for (const [i, { name, type, shape }] of node.outputs.entries()) {
    const { type: is, shape: has } = inferred[i]!;
    if (type !== is) fail(`its result "${name}" is said to be ${type} but is ${is}`);
    if (!agree(shape, has))
      fail(`its result "${name}" is said to be [${shape}] but is [${has.map((dim) => dim ?? '?')}]`);
  }
  if (node.op === 'Cast' && node.attributes.to !== elementTypes[node.outputs[0]!.type])
    fail('it casts to another type than its result has');
}

function checkInputs(
  node: Node,
  { inputs }: Operator,
  defined: ReadonlyMap<string, Value>,
  fail: (complaint: string) => never,
): void {
  const many = inputs.at(-1)!.endsWith('…');
  if (!many && node.inputs.length > inputs.length) fail(`it takes ${inputs.length} inputs, not ${node.inputs.length}`);
  for (const [i, name] of inputs.entries()) {
    if (!name.endsWith('?') && (node.inputs[i] ?? null) === null) fail(`its input "${name}" is missing`);
  }
  if (many && node.inputs.includes(null)) fail('one of its inputs is missing');
  for (const input of node.inputs) {
    if (input !== null && defined.get(input.name) === undefined)
      fail(`it uses "${input.name}" before anything defines it`);
  }
}

function checkAttributes(node: Node, { attributes }: Operator, fail: (complaint: string) => never): void {
  for (const [name, value] of Object.entries(node.attributes)) {
    const wanted = attributes[name]?.replace('?', '');
    if (wanted === undefined) fail(`it has no attribute "${name}"`);
    if (typeOf(value) !== wanted) fail(`its attribute "${name}" must be of the type ${wanted}, not ${typeOf(value)}`);
  }
  for (const [name, type] of Object.entries(attributes)) {
    if (!type.endsWith('?') && !(name in node.attributes)) fail(`its attribute "${name}" is missing`);
  }
}

function callOf(node: Node, graph: Graph, fail: (complaint: string) => never): Call {
  return {
    node,
    inputs: node.inputs,
    int: (attribute) => node.attributes[attribute] as number,
    ints: (attribute) => node.attributes[attribute] as readonly number[],
    constant(input) {
      const initializer = graph.initializers.get(node.inputs[input]?.name ?? '');
      return initializer !== undefined && 'bytes' in initializer ? numbers(initializer.value, initializer.bytes) : null;
    },
    expect(condition, complaint) {
      if (!condition) fail(complaint);
    },
  };
}

function typeOf(value: Attribute): 'int' | 'ints' | 'float' | 'string' {
  if (typeof value === 'number') return 'int';
  if (typeof value === 'string') return 'string';
  return 'float' in value ? 'float' : 'ints';
}

function numbers({ type }: Value, { buffer, byteOffset, byteLength }: Uint8Array): readonly number[] | null {
  if (type === 'float32') return [...new Float32Array(buffer, byteOffset, byteLength / 4)];
  if (type === 'int64') return Array.from(new BigInt64Array(buffer, byteOffset, byteLength / 8), Number);
  return null;
}

/** A size that only running tells agrees with any, and a name with a number that it may stand for. */
function agree(said: readonly Dim[], is: readonly InferredDim[]): boolean {
  return (
    said.length === is.length && said.every((dim, i) => is[i] === null || is[i] === dim || typeof is[i] !== typeof dim)
  );
}
