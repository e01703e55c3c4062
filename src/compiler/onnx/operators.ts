import type { Dim, ElementType, Value } from './graph.js';
import {
  axisOf,
  broadcast,
  type Call,
  concat,
  conv,
  fits,
  type Inferred,
  multiple,
  norm,
  oneOf,
  product,
  reshape,
  sameType,
  slice,
  times,
  unknown,
  vectorLength,
} from './inference.js';

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

/** Axes of attention scores: item, head, query, key. */
const SCORE_AXES = 4;

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
  Identity: unary,
  'com.microsoft.QuickGelu': { inputs: ['x'], attributes: { alpha: 'float' }, infer: likeFirst },
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
      call.expect(axis >= 0 && axis <= shape.length, `axis ${axis} is not one of ${shape.length}`);
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
  Slice: { inputs: ['x', 'starts', 'ends', 'axes'], attributes: {}, infer: slice },
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
      oneOf(call, 'transB', 0, 1);
      const [inner, out] = call.int('transB') === 1 ? [b.shape[1], b.shape[0]] : [b.shape[0], b.shape[1]];
      fits(call, 'inner sizes', a.shape[1]!, inner!);
      if (c) sameType(call, a, c);
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
  'com.microsoft.MatMulNBits': {
    inputs: ['a', 'codes', 'scales', 'zero_points?'],
    attributes: { K: 'int', N: 'int', bits: 'int', block_size: 'int', accuracy_level: 'int?' },
    infer(call) {
      const [a, codes, scales, zeros] = call.inputs as [Value, Value, Value, Value | undefined];
      const [inner, out, bits, block] = [call.int('K'), call.int('N'), call.int('bits'), call.int('block_size')];
      const blocks = Math.ceil(inner / block);
      sameType(call, a, scales);
      fits(call, 'inner sizes', a.shape.at(-1)!, inner);
      call.expect(codes.type === 'uint8', `its codes are ${codes.type}`);
      fits(call, 'codes', codes.shape.join(), [out, blocks, (block * bits) / 8].join());
      fits(call, 'scales', scales.shape.join(), [out, blocks].join());
      if (zeros) fits(call, 'zero points', zeros.shape.join(), [out, Math.ceil((blocks * bits) / 8)].join());
      return [{ type: a.type, shape: [...a.shape.slice(0, -1), out] }];
    },
  },
  SimplifiedLayerNormalization: {
    inputs: ['x', 'scale'],
    attributes: { axis: 'int', epsilon: 'float', stash_type: 'int' },
    infer(call) {
      oneOf(call, 'stash_type', 1);
      return norm(call);
    },
  },
  LayerNormalization: { inputs: ['x', 'scale', 'bias?'], attributes: { axis: 'int', epsilon: 'float' }, infer: norm },
  ReduceMean: {
    inputs: ['x', 'axes'],
    attributes: { keepdims: 'int' },
    infer(call) {
      const { type, shape } = call.inputs[0]!;
      const axes = call.constant(1);
      call.expect(axes?.length === 1 && axes[0]! >= 0 && axes[0]! < shape.length, `axes are [${axes}]`);
      oneOf(call, 'keepdims', 1);
      return [{ type, shape: shape.with(axes![0]!, 1) }];
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
      oneOf(call, 'interleaved', 0, 1);
      multiple(call, 'pairs', x.shape.at(-1)!, cos.shape.at(-1)!, 2);
      return [x];
    },
  },
  'com.microsoft.MultiHeadAttention': {
    inputs: ['query', 'key', 'value', 'bias?', 'key_padding_mask?', 'attention_bias?'],
    attributes: { num_heads: 'int', unidirectional: 'int?', scale: 'float?' },
    infer(call) {
      const [q, k, v, shift, mask, bias] = call.inputs as [Value, Value, Value, ...(Value | undefined)[]];
      for (const part of [k, v, shift, bias]) if (part) sameType(call, q, part);
      fits(call, 'rows of keys and values', k.shape[1]!, v.shape[1]!);
      fits(call, 'widths of queries and keys', q.shape.at(-1)!, k.shape.at(-1)!);
      const heads = call.int('num_heads');
      for (const { shape } of [q, k, v]) multiple(call, 'heads', shape.at(-1)!, heads);
      if ('unidirectional' in call.node.attributes) oneOf(call, 'unidirectional', 0, 1);
      if (shift)
        call.expect(shift.shape.length === 1, `its bias of queries, keys and values has ${shift.shape.length} axes`);
      if (mask) call.expect(mask.type === 'int32', `its mask is ${mask.type}`);
      if (bias) call.expect(bias.shape.length === SCORE_AXES, `its bias on scores has ${bias.shape.length} axes`);
      return [{ type: q.type, shape: [...q.shape.slice(0, 2), v.shape.at(-1)!] }];
    },
  },
};
