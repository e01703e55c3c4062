import type { Dim, ElementType, Node, Value } from './graph.js';

/** A size that an operator's inputs decide: null where only running it tells. */
export type InferredDim = Dim | null;

export interface Inferred {
  readonly type: ElementType;
  readonly shape: readonly InferredDim[];
}

/** What a node looks like to its operator. Optional inputs left out at the end are not there. */
export interface Call {
  readonly node: Node;
  readonly inputs: readonly (Value | null)[];
  int(attribute: string): number;
  ints(attribute: string): readonly number[];
  /** The numbers of an input that is a constant of the graph; null otherwise. */
  constant(input: number): readonly number[] | null;
  /** Stops the check with this complaint unless the condition holds. */
  expect(condition: boolean, complaint: string): void;
}

type AttributeType = 'int' | 'ints' | 'float' | 'string';

export interface Operator {
  /** Names of the inputs; those ending in ? may be absent. The last of `many…` stands for one or more. */
  readonly inputs: readonly string[];
  /** Types of the attributes; those ending in ? may be absent. */
  readonly attributes: Readonly<Record<string, AttributeType | `${AttributeType}?`>>;
  /** One result for each output. */
  readonly infer: (call: Call) => readonly Inferred[];
}

/** Same type and shape as the first input. */
const likeFirst = ({ inputs: [x] }: Call): readonly Inferred[] => [x!];
const unary: Operator = { inputs: ['x'], attributes: {}, infer: likeFirst };

const binary = (type?: ElementType): Operator => ({
  inputs: ['a', 'b'],
  attributes: {},
  infer(call) {
    const [a, b] = call.inputs as [Value, Value];
    sameType(call, a, b);
    return [{ type: type ?? a.type, shape: broadcast(call, a.shape, b.shape) }];
  },
});

const ATTENTION_SCORES = ['B', 'H', 'S', 'T'] as const;

/**
 * The operators that graphs are made of, as ONNX Runtime takes them: domain ai.onnx at opset 21 unless the name says otherwise.
 * https://onnx.ai/onnx/operators/ and https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */
export const operators: Readonly<Record<string, Operator>> = {
  Add: binary(),
  Sub: binary(),
  Mul: binary(),
  Div: binary(),
  Less: binary('bool'),
  Tanh: unary,
  Cos: unary,
  Sin: unary,
  Relu: unary,
  Sigmoid: unary,
  Identity: unary,
  'com.microsoft.QuickGelu': { inputs: ['x'], attributes: { alpha: 'float' }, infer: likeFirst },
  Softmax: { inputs: ['x'], attributes: { axis: 'int' }, infer: likeFirst },
  Cast: {
    inputs: ['x'],
    attributes: { to: 'int' },
    // Which type `to` means is checked against the declared result.
    infer: ({ node, inputs: [x] }) => [{ type: node.outputs[0]!.type, shape: x!.shape }],
  },
  Where: {
    inputs: ['condition', 'a', 'b'],
    attributes: {},
    infer(call) {
      const [condition, a, b] = call.inputs as [Value, Value, Value];
      call.expect(condition.type === 'bool', `its condition is ${condition.type}`);
      sameType(call, a, b);
      const either = broadcast(call, a.shape, b.shape) as readonly Dim[];
      return [{ type: a.type, shape: broadcast(call, condition.shape, either) }];
    },
  },
  Shape: {
    inputs: ['x'],
    attributes: { start: 'int', end: 'int' },
    infer: (call) => [{ type: 'int64', shape: [call.int('end') - call.int('start')] }],
  },
  Reshape: { inputs: ['x', 'shape'], attributes: {}, infer: reshape },
  Expand: {
    inputs: ['x', 'shape'],
    attributes: {},
    infer(call) {
      const [x, to] = call.inputs as [Value, Value];
      call.expect(to.type === 'int64', `its shape is ${to.type}`);
      return [{ type: x.type, shape: unknown(Math.max(x.shape.length, vectorLength(call, to))) }];
    },
  },
  Transpose: {
    inputs: ['x'],
    attributes: { perm: 'ints' },
    infer(call) {
      const { type, shape } = call.inputs[0]!;
      const perm = call.ints('perm');
      call.expect([...perm].sort((a, b) => a - b).join() === [...shape.keys()].join(), `perm is [${perm}]`);
      return [{ type, shape: perm.map((axis) => shape[axis]!) }];
    },
  },
  Unsqueeze: {
    inputs: ['x', 'axes'],
    attributes: {},
    infer(call) {
      const { type, shape } = call.inputs[0]!;
      const axes = call.constant(1) ?? [];
      call.expect(axes.length === 1 && axes[0]! >= 0 && axes[0]! <= shape.length, `axes are [${axes}]`);
      return [{ type, shape: [...shape.slice(0, axes[0]), 1, ...shape.slice(axes[0])] }];
    },
  },
  Flatten: {
    inputs: ['x'],
    attributes: { axis: 'int' },
    infer(call) {
      const { type, shape } = call.inputs[0]!;
      const axis = call.int('axis');
      return [{ type, shape: [product(shape.slice(0, axis)), product(shape.slice(axis))] }];
    },
  },
  Concat: { inputs: ['many…'], attributes: { axis: 'int' }, infer: concat },
  Split: {
    inputs: ['x'],
    attributes: { axis: 'int', num_outputs: 'int' },
    infer(call) {
      const { type, shape } = call.inputs[0]!;
      const [axis, parts] = [axisOf(call, shape), call.int('num_outputs')];
      const whole = shape[axis]!;
      const part = typeof whole === 'number' ? whole / parts : null;
      call.expect(part === null || Number.isInteger(part), `${whole} cannot be split in ${parts}`);
      return Array.from({ length: parts }, () => ({ type, shape: shape.with(axis, part as Dim) }));
    },
  },
  Slice: {
    inputs: ['x', 'starts', 'ends', 'axes'],
    attributes: {},
    infer(call) {
      const { type, shape } = call.inputs[0]!;
      const axes = call.constant(3);
      call.expect(axes?.length === 1 && axes[0]! < shape.length, `axes are [${axes}]`);
      return [{ type, shape: shape.with(axes![0]!, null as unknown as Dim) }];
    },
  },
  Gather: {
    inputs: ['table', 'indices'],
    attributes: { axis: 'int' },
    infer(call) {
      const [table, indices] = call.inputs as [Value, Value];
      call.expect(indices.type === 'int64' || indices.type === 'int32', `its indices are ${indices.type}`);
      const axis = call.int('axis');
      return [
        { type: table.type, shape: [...table.shape.slice(0, axis), ...indices.shape, ...table.shape.slice(axis + 1)] },
      ];
    },
  },
  Range: {
    inputs: ['start', 'limit', 'delta'],
    attributes: {},
    infer(call) {
      for (const { shape, name } of call.inputs as Value[]) call.expect(shape.length === 0, `${name} is no scalar`);
      return [{ type: call.inputs[0]!.type, shape: [null] }];
    },
  },
  Gemm: {
    inputs: ['a', 'b', 'c?'],
    attributes: { transB: 'int' },
    infer(call) {
      const [a, b, c] = call.inputs as [Value, Value, Value | undefined];
      sameType(call, a, b);
      call.expect(a.shape.length === 2 && b.shape.length === 2, 'both factors must have two axes');
      const [inner, out] = call.int('transB') === 1 ? [b.shape[1], b.shape[0]] : [b.shape[0], b.shape[1]];
      fits(call, 'inner sizes', a.shape[1]!, inner!);
      if (c) fits(call, 'bias', c.shape.at(-1)!, out!);
      return [{ type: a.type, shape: [a.shape[0]!, out!] }];
    },
  },
  MatMul: {
    inputs: ['a', 'b'],
    attributes: {},
    infer(call) {
      const [a, b] = call.inputs as [Value, Value];
      sameType(call, a, b);
      fits(call, 'inner sizes', a.shape.at(-1)!, b.shape.at(-2)!);
      const outer = broadcast(call, a.shape.slice(0, -2), b.shape.slice(0, -2));
      return [{ type: a.type, shape: [...outer, a.shape.at(-2)!, b.shape.at(-1)!] }];
    },
  },
  SimplifiedLayerNormalization: {
    inputs: ['x', 'scale'],
    attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
    infer: norm,
  },
  LayerNormalization: { inputs: ['x', 'scale', 'bias?'], attributes: { axis: 'int', epsilon: 'float' }, infer: norm },
  'com.microsoft.SkipSimplifiedLayerNormalization': {
    inputs: ['x', 'skip', 'gamma', 'bias?'],
    attributes: { epsilon: 'float' },
    infer(call) {
      const [x, skip] = call.inputs as [Value, Value];
      sameType(call, x, skip);
      const statistics: Inferred = { type: 'float32', shape: unknown(x.shape.length) };
      return [x, statistics, statistics, x];
    },
  },
  InstanceNormalization: {
    inputs: ['x', 'scale', 'bias'],
    attributes: { epsilon: 'float' },
    infer(call) {
      const [x, scale, bias] = call.inputs as [Value, Value, Value];
      fits(call, 'scale', scale.shape[0]!, x.shape[1]!);
      fits(call, 'bias', bias.shape[0]!, x.shape[1]!);
      return [x];
    },
  },
  GroupNormalization: {
    inputs: ['x', 'scale', 'bias'],
    attributes: { num_groups: 'int', epsilon: 'float' },
    infer(call) {
      const [x, scale, bias] = call.inputs as [Value, Value, Value];
      fits(call, 'scale', scale.shape[0]!, x.shape[1]!);
      fits(call, 'bias', bias.shape[0]!, x.shape[1]!);
      return [x];
    },
  },
  Conv: {
    inputs: ['x', 'weight', 'bias?'],
    attributes: { kernel_shape: 'ints', strides: 'ints', pads: 'ints', dilations: 'ints', group: 'int' },
    infer: conv,
  },
  Resize: {
    inputs: ['x', 'roi?', 'scales'],
    attributes: { mode: 'string', coordinate_transformation_mode: 'string', nearest_mode: 'string' },
    infer(call) {
      const { type, shape } = call.inputs[0]!;
      const scales = call.constant(2);
      call.expect(scales?.length === shape.length, `it has ${scales?.length} scales for ${shape.length} axes`);
      return [{ type, shape: shape.map((size, i) => (scales![i] === 1 ? size : times(size, scales![i]!))) }];
    },
  },
  'com.microsoft.RotaryEmbedding': {
    inputs: ['x', 'positions', 'cos', 'sin'],
    attributes: { interleaved: 'int', num_heads: 'int?', rotary_embedding_dim: 'int?' },
    infer(call) {
      const [x, positions, cos, sin] = call.inputs as [Value, Value, Value, Value];
      call.expect(positions.type === 'int64', `its positions are ${positions.type}`);
      sameType(call, x, cos);
      sameType(call, x, sin);
      fits(call, 'tables', cos.shape.join(), sin.shape.join());
      return [x];
    },
  },
  'com.microsoft.MultiHeadAttention': {
    inputs: ['query', 'key', 'value', 'bias?', 'key_padding_mask?', 'attention_bias?'],
    attributes: { num_heads: 'int', unidirectional: 'int?', scale: 'float?' },
    infer(call) {
      const [q, k, v, , , bias] = call.inputs as Value[];
      sameType(call, q!, k!);
      sameType(call, q!, v!);
      fits(call, 'rows of keys and values', k!.shape[1]!, v!.shape[1]!);
      const width = q!.shape.at(-1)!;
      call.expect(
        typeof width !== 'number' || width % call.int('num_heads') === 0,
        `${width} is no multiple of its heads`,
      );
      if (bias) call.expect(bias.shape.length === ATTENTION_SCORES.length, `its bias has ${bias.shape.length} axes`);
      return [{ type: q!.type, shape: [...q!.shape.slice(0, 2), v!.shape.at(-1)!] }];
    },
  },
};

function sameType({ expect }: Call, a: Value, b: Value): void {
  expect(a.type === b.type, `${a.name} is ${a.type} but ${b.name} is ${b.type}`);
}

function fits({ expect }: Call, what: string, a: Dim, b: Dim): void {
  // A name beside a number may well be that number.
  expect(a === b || typeof a !== typeof b, `its ${what} are ${a} and ${b}`);
}

function broadcast(call: Call, a: readonly Dim[], b: readonly Dim[]): InferredDim[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [x, y] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    if (x === y || y === 1) return x;
    if (x === 1) return y;
    fits(call, 'sizes', x, y);
    return typeof x === 'number' ? x : y;
  });
}

function norm(call: Call): readonly Inferred[] {
  const [x, scale] = call.inputs as [Value, Value];
  sameType(call, x, scale);
  fits(call, 'widths', x.shape.at(-1)!, scale.shape.at(-1)!);
  return [x];
}

function concat(call: Call): readonly Inferred[] {
  const parts = call.inputs as Value[];
  const { type, shape } = parts[0]!;
  const axis = axisOf(call, shape);
  for (const part of parts) {
    sameType(call, parts[0]!, part);
    call.expect(part.shape.length === shape.length, `${part.name} has ${part.shape.length} axes, not ${shape.length}`);
    for (const [i, size] of part.shape.entries()) if (i !== axis) fits(call, `sizes along axis ${i}`, size, shape[i]!);
  }
  const sizes = parts.map((part) => part.shape[axis]!);
  const sum = sizes.reduce<InferredDim>((total, size) => plus(total, size), 0);
  return [{ type, shape: shape.with(axis, sum as Dim) }];
}

function reshape(call: Call): readonly Inferred[] {
  const [x, to] = call.inputs as [Value, Value];
  call.expect(to.type === 'int64', `its shape is ${to.type}`);
  const wanted = call.constant(1);
  if (wanted === null) return [{ type: x.type, shape: unknown(vectorLength(call, to)) }];
  const given = wanted.map((size, i) => (size === 0 ? x.shape[i]! : size === -1 ? null : size));
  const [before, after] = [product(x.shape), product(given)];
  call.expect(
    typeof before !== 'number' || typeof after !== 'number' || before === after,
    `${before} values do not make [${given}]`,
  );
  return [{ type: x.type, shape: given }];
}

function conv(call: Call): readonly Inferred[] {
  const [x, weight, bias] = call.inputs as [Value, Value, Value | undefined];
  const [batch, channels, ...sides] = x.shape;
  const [out, per] = weight.shape as [number, number];
  sameType(call, x, weight);
  fits(call, 'channels', channels!, per * call.int('group'));
  if (bias) fits(call, 'bias', bias.shape[0]!, out);
  call.expect(
    call.ints('kernel_shape').join() === weight.shape.slice(2).join(),
    'kernel_shape is not that of its weight',
  );
  const [strides, pads] = [call.ints('strides'), call.ints('pads')];
  const spatial = sides.map((side, i) => {
    const reach = (call.ints('kernel_shape')[i]! - 1) * call.ints('dilations')[i]!;
    const slack = pads[i]! + pads[i + sides.length]! - reach;
    if (strides[i] === 1 && slack === 0) return side;
    return typeof side === 'number' ? Math.floor((side + slack - 1) / strides[i]!) + 1 : null;
  });
  return [{ type: x.type, shape: [batch!, out, ...spatial] }];
}

function vectorLength({ expect }: Call, { shape, name }: Value): number {
  expect(shape.length === 1 && typeof shape[0] === 'number', `${name} must be a list of known length`);
  return shape[0] as number;
}

function axisOf(call: Call, shape: readonly Dim[]): number {
  const axis = call.int('axis');
  call.expect(axis >= -shape.length && axis < shape.length, `axis ${axis} is not one of ${shape.length}`);
  return axis < 0 ? axis + shape.length : axis;
}

const unknown = (rank: number): null[] => Array.from({ length: rank }, () => null);
const plus = (a: InferredDim, b: InferredDim) => (typeof a === 'number' && typeof b === 'number' ? a + b : null);
const times = (a: InferredDim, b: InferredDim) => (typeof a === 'number' && typeof b === 'number' ? a * b : null);
const product = (shape: readonly InferredDim[]) => (shape.length === 1 ? shape[0]! : shape.reduce(times, 1));
