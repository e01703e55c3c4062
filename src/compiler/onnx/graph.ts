import { Message } from './wire.js';

/** Element types, with ONNX's numbers for them (TensorProto.DataType). */
export const elementTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  bfloat16: 16,
  float8e4m3: 17,
  float8e5m2: 19,
} as const;
export type ElementType = keyof typeof elementTypes;

/** Bytes of an element. */
export const elementBytes: Readonly<Record<ElementType, number>> = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
  bfloat16: 2,
  float8e4m3: 1,
  float8e5m2: 1,
};

/** A number where it is known when the graph is made, a name where it is known only when it runs. */
export type Dim = number | string;

/** The result of a node, an input or a weight: what operators take and give. */
export interface Value {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly Dim[];
}

export type Attribute = number | string | readonly number[] | { readonly float: number };

export interface Node {
  readonly name: string;
  readonly op: string;
  readonly domain: string;
  readonly inputs: readonly (Value | null)[];
  readonly outputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export type Initializer = { readonly value: Value } & (
  | { readonly location: string; readonly offset: number; readonly length: number }
  | { readonly bytes: Uint8Array }
);

/** A graph is not valid: a mistake in this compiler, never in a checkpoint. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
}

/** A graph under construction. Nodes are appended in the order of the calls, which is a topological order. */
export class Graph {
  readonly inputs: Value[] = [];
  readonly outputs: Value[] = [];
  readonly #nodes: Node[] = [];
  readonly initializers = new Map<string, Initializer>();
  /** Names of the kernels that its operations were lowered to. */
  readonly kernels = new Set<string>();
  readonly #path: string[] = [];
  readonly #used = new Map<string, number>();

  constructor(readonly name: string) {}

  /** In a topological order. */
  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** For passes: nodes in a topological order that give the same outputs. */
  replaceNodes(nodes: readonly Node[]): void {
    this.#nodes.splice(0, Number.POSITIVE_INFINITY, ...nodes);
  }

  /** Names everything made inside after a part of the model: `layers.0/attention/…`. */
  within<T>(part: string, make: () => T): T {
    this.#path.push(part);
    try {
      return make();
    } finally {
      this.#path.pop();
    }
  }

  input(name: string, type: ElementType, shape: readonly Dim[]): Value {
    const value = { name, type, shape };
    this.inputs.push(value);
    return value;
  }

  output(name: string, value: Value): void {
    const output = { ...value, name };
    this.#nodes.push({
      name: `output/${name}`,
      op: 'Identity',
      domain: '',
      inputs: [value],
      outputs: [output],
      attributes: {},
    });
    this.outputs.push(output);
  }

  node(
    op: string,
    inputs: readonly (Value | null)[],
    results: readonly Omit<Value, 'name'>[],
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): Value[] {
    const name = this.#unique([...this.#path, op].join('/'));
    const outputs = results.map((result, i) => ({ ...result, name: i === 0 ? name : `${name}:${i}` }));
    this.#nodes.push({ name, op, domain, inputs, outputs, attributes });
    return outputs;
  }

  /** A weight that stays in its file. Asked for twice, it is the same value. */
  external(
    name: string,
    type: ElementType,
    shape: readonly Dim[],
    place: { location: string; offset: number; length: number },
  ): Value {
    const known = this.initializers.get(name);
    if (known !== undefined) return known.value;
    const value = { name, type, shape };
    this.initializers.set(name, { value, ...place });
    return value;
  }

  /** Small numbers that belong to the graph itself. */
  constant(data: Float32Array | BigInt64Array | Int32Array, shape: readonly number[], label = 'constant'): Value {
    const type = data instanceof Float32Array ? 'float32' : data instanceof Int32Array ? 'int32' : 'int64';
    const value: Value = { name: this.#unique([...this.#path, label].join('/')), type, shape };
    this.initializers.set(value.name, { value, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) });
    return value;
  }

  #unique(name: string): string {
    const count = this.#used.get(name) ?? 0;
    this.#used.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }

  /** The ONNX model, without the weights that lie in files. https://github.com/onnx/onnx/blob/main/onnx/onnx.proto */
  encode(): Uint8Array {
    const graph = new Message();
    for (const node of this.nodes) graph.message(1, encodeNode(node));
    graph.string(2, this.name);
    for (const initializer of this.initializers.values()) graph.message(5, encodeInitializer(initializer));
    for (const input of this.inputs) graph.message(11, encodeValueInfo(input.name, input));
    for (const output of this.outputs) graph.message(12, encodeValueInfo(output.name, output));
    return new Message()
      .varint(1, 10) // IR version
      .string(2, 'inkstone')
      .message(7, graph)
      .message(8, opset('', 21))
      .message(8, opset('com.microsoft', 1))
      .encode();
  }
}

function opset(domain: string, version: number): Message {
  return new Message().string(1, domain).varint(2, version);
}

function encodeNode({ name, op, domain, inputs, outputs, attributes }: Node): Message {
  const node = new Message();
  for (const input of inputs) node.string(1, input?.name ?? '');
  for (const output of outputs) node.string(2, output.name);
  node.string(3, name).string(4, op);
  for (const [key, value] of Object.entries(attributes)) node.message(5, encodeAttribute(key, value));
  return node.string(7, domain);
}

function encodeAttribute(name: string, value: Attribute): Message {
  const attribute = new Message().string(1, name);
  if (typeof value === 'number') return attribute.varint(3, value).varint(20, 2);
  if (typeof value === 'string') return attribute.string(4, value).varint(20, 3);
  if ('float' in value) return attribute.float(2, value.float).varint(20, 1);
  for (const item of value) attribute.varint(8, item);
  return attribute.varint(20, 7);
}

function encodeInitializer(initializer: Initializer): Message {
  const { value } = initializer;
  const tensor = new Message();
  for (const side of value.shape) tensor.varint(1, side as number);
  tensor.varint(2, elementTypes[value.type]).string(8, value.name);
  if ('bytes' in initializer) return tensor.bytes(9, initializer.bytes);
  const { location, offset, length } = initializer;
  for (const [key, text] of Object.entries({ location, offset, length }))
    tensor.message(13, new Message().string(1, key).string(2, String(text)));
  return tensor.varint(14, 1); // data_location EXTERNAL
}

function encodeValueInfo(name: string, { type, shape }: Value): Message {
  const dims = new Message();
  for (const dim of shape)
    dims.message(1, typeof dim === 'number' ? new Message().varint(1, dim) : new Message().string(2, dim));
  const tensor = new Message().varint(1, elementTypes[type]).message(2, dims);
  return new Message().string(1, name).message(2, new Message().message(1, tensor));
}
