import type { Lowering } from '../targets/target.js';
import { type Attribute, type Dim, type ElementType, elementTypes, type Graph, type Value } from './graph.js';

/** A matrix [rows, width] in blocks of few bits, as MatMulNBits takes it. */
export interface BlockMatrix {
  readonly rows: number;
  readonly width: number;
  readonly bits: number;
  readonly block: number;
  readonly codes: Value;
  readonly scales: Value;
  readonly zeroPoints: Value;
}

/** Operators as functions on values. Each knows the shape of what it gives. */
export class Ops {
  constructor(
    readonly graph: Graph,
    readonly lowering: Lowering,
  ) {}

  within<T>(part: string, make: () => T): T {
    return this.graph.within(part, make);
  }

  add = (a: Value, b: Value) => this.#elementwise('Add', a, b);
  mul = (a: Value, b: Value) => this.#elementwise('Mul', a, b);
  div = (a: Value, b: Value) => this.#elementwise('Div', a, b);
  sub = (a: Value, b: Value) => this.#elementwise('Sub', a, b);
  less = (a: Value, b: Value) => this.#one('Less', [a, b], 'bool', broadcast(a.shape, b.shape));
  where = (condition: Value, a: Value, b: Value) =>
    this.#one('Where', [condition, a, b], a.type, broadcast(condition.shape, broadcast(a.shape, b.shape)));
  tanh = (x: Value) => this.#one('Tanh', [x], x.type, x.shape);
  cos = (x: Value) => this.#one('Cos', [x], x.type, x.shape);
  sin = (x: Value) => this.#one('Sin', [x], x.type, x.shape);
  relu = (x: Value) => this.#one('Relu', [x], x.type, x.shape);
  /** x·σ(x). QuickGelu at α = 1 is exactly that, in one pass. */
  silu = (x: Value) => this.#one('QuickGelu', [x], x.type, x.shape, { alpha: { float: 1 } }, 'com.microsoft');

  /** A number in the precision of what it is used with. */
  scalar(value: number, type: ElementType = 'float32'): Value {
    if (type === 'int64') return this.graph.constant(BigInt64Array.of(BigInt(value)), [], String(value));
    return this.cast(this.graph.constant(Float32Array.of(value), [], String(value)), type);
  }

  integers(...values: number[]): Value {
    return this.graph.constant(BigInt64Array.from(values, BigInt), [values.length], 'integers');
  }

  cast(x: Value, type: ElementType): Value {
    return x.type === type ? x : this.#one('Cast', [x], type, x.shape, { to: elementTypes[type] });
  }

  /** Sizes of some axes, as int64 [n]. */
  sizes(x: Value, start: number, end: number): Value {
    return this.#one('Shape', [x], 'int64', [end - start], { start, end });
  }

  reshape(x: Value, to: Value, shape: readonly Dim[]): Value {
    return this.#one('Reshape', [x, to], x.type, shape);
  }

  transpose(x: Value, perm: readonly number[]): Value {
    return this.#one(
      'Transpose',
      [x],
      x.type,
      perm.map((axis) => x.shape[axis]!),
      { perm },
    );
  }

  concat(parts: readonly Value[], axis: number, size: Dim): Value {
    const shape = parts[0]!.shape.map((dim, i) => (i === axis ? size : dim));
    return parts.length === 1 ? parts[0]! : this.#one('Concat', parts, parts[0]!.type, shape, { axis });
  }

  slice(x: Value, from: Value, to: Value, axis: number, size: Dim): Value {
    return this.#one(
      'Slice',
      [x, from, to, this.integers(axis)],
      x.type,
      x.shape.map((dim, i) => (i === axis ? size : dim)),
    );
  }

  split(x: Value, parts: number, axis: number): Value[] {
    const shape = x.shape.map((dim, i) => (i === axis ? (dim as number) / parts : dim));
    return this.graph.node(
      'Split',
      [x],
      Array.from({ length: parts }, () => ({ type: x.type, shape })),
      { axis, num_outputs: parts },
    );
  }

  gather(table: Value, indices: Value): Value {
    return this.#one('Gather', [table, indices], table.type, [...indices.shape, ...table.shape.slice(1)], { axis: 0 });
  }

  expand(x: Value, to: Value, shape: readonly Dim[]): Value {
    return this.#one('Expand', [x, to], x.type, shape);
  }

  unsqueeze(x: Value, axis: number): Value {
    return this.#one('Unsqueeze', [x, this.integers(axis)], x.type, [
      ...x.shape.slice(0, axis),
      1,
      ...x.shape.slice(axis),
    ]);
  }

  /** The only value of an int64 [1], as a scalar. */
  item(x: Value): Value {
    return this.reshape(x, this.graph.constant(new BigInt64Array(0), [0], 'none'), []);
  }

  /** 0, 1, … n − 1 of a scalar n. */
  range(n: Value, size: Dim): Value {
    return this.#one('Range', [this.scalar(0, 'int64'), n, this.scalar(1, 'int64')], 'int64', [size]);
  }

  flatten(x: Value): Value {
    return this.#one('Flatten', [x], x.type, ['rows', x.shape.at(-1)!], { axis: x.shape.length - 1 });
  }

  /** a [M, K] · bᵀ with b [N, K] as it lies in a checkpoint, + c [N]. */
  gemm(a: Value, b: Value, c: Value | null): Value {
    return this.#one('Gemm', c === null ? [a, b] : [a, b, c], a.type, [a.shape[0]!, b.shape[0]!], { transB: 1 });
  }

  matmul(a: Value, b: Value): Value {
    return this.#one('MatMul', [a, b], a.type, [...a.shape.slice(0, -1), b.shape.at(-1)!]);
  }

  /** a · bᵀ with b [N, K] in blocks of few bits. */
  matmulBlocks(a: Value, b: BlockMatrix): Value {
    const { codes, scales, zeroPoints, bits, block, rows, width } = b;
    return this.#one(
      'MatMulNBits',
      [a, codes, scales, zeroPoints],
      a.type,
      [...a.shape.slice(0, -1), rows],
      // 1 computes in float32. With 4 ONNX Runtime's CPU rounds `a` to 8 bits too: with 8-bit weights Inkling's step then takes a third
      // less time, but its error grows by half, which is a loss that a model's user did not choose.
      { K: width, N: rows, bits, block_size: block, accuracy_level: a.type === 'float32' ? 1 : 0 },
      'com.microsoft',
    );
  }

  rmsNorm(x: Value, gain: Value, eps: number): Value {
    return this.#one('SimplifiedLayerNormalization', [x, gain], x.type, x.shape, {
      axis: -1,
      epsilon: { float: eps },
      stash_type: 1,
    });
  }

  layerNorm(x: Value, gain: Value, eps: number): Value {
    return this.#one('LayerNormalization', [x, gain], x.type, x.shape, { axis: -1, epsilon: { float: eps } });
  }

  /** (x − mean) / √(variance + ε) over each row of the last axis of x [B, G, N]. */
  instanceNorm(x: Value, eps: number): Value {
    const groups = x.shape[1] as number;
    const ones = this.graph.constant(new Float32Array(groups).fill(1), [groups], 'ones');
    const zeros = this.graph.constant(new Float32Array(groups), [groups], 'zeros');
    return this.#one('InstanceNormalization', [x, ones, zeros], x.type, x.shape, { epsilon: { float: eps } });
  }

  /** Over one axis, which stays with a size of 1. */
  mean(x: Value, axis: number): Value {
    return this.#one('ReduceMean', [x, this.integers(axis)], x.type, x.shape.with(axis, 1), { keepdims: 1 });
  }

  conv(
    x: Value,
    weight: Value,
    bias: Value | null,
    shape: readonly Dim[],
    { stride = 1, pads = [1, 1, 1, 1] }: { stride?: number; pads?: readonly number[] } = {},
  ): Value {
    const kernel = weight.shape.slice(2) as number[];
    return this.#one('Conv', bias === null ? [x, weight] : [x, weight, bias], x.type, shape, {
      kernel_shape: kernel,
      strides: [stride, stride],
      pads,
      dilations: [1, 1],
      group: 1,
    });
  }

  resizeNearest(x: Value, shape: readonly Dim[]): Value {
    const scales = this.graph.constant(Float32Array.of(1, 1, 2, 2), [4], 'scales');
    return this.#one('Resize', [x, null, scales], x.type, shape, {
      mode: 'nearest',
      coordinate_transformation_mode: 'asymmetric',
      nearest_mode: 'floor',
    });
  }

  /** Rotates pairs of x [B, S, H·D] by the angles at `positions` [B, S]; cos and sin are [M, D/2]. */
  rotary(x: Value, positions: Value, cos: Value, sin: Value, interleaved: boolean): Value {
    return this.#one(
      'RotaryEmbedding',
      [x, positions, cos, sin],
      x.type,
      x.shape,
      { interleaved: interleaved ? 1 : 0 },
      'com.microsoft',
    );
  }

  /** softmax(qkᵀ/√d)·v over [B, S, H·D]; `bias` is added to the scores. */
  attention(
    q: Value,
    k: Value,
    v: Value,
    heads: number,
    { causal = false, bias = null }: { causal?: boolean; bias?: Value | null } = {},
  ): Value {
    const inputs = bias === null ? [q, k, v] : [q, k, v, null, null, bias];
    return this.#one(
      'MultiHeadAttention',
      inputs,
      q.type,
      q.shape,
      { num_heads: heads, unidirectional: causal ? 1 : 0 },
      'com.microsoft',
    );
  }

  #elementwise(op: string, a: Value, b: Value): Value {
    return this.#one(op, [a, b], a.type, broadcast(a.shape, b.shape));
  }

  #one(
    op: string,
    inputs: readonly (Value | null)[],
    type: ElementType,
    shape: readonly Dim[],
    attributes: Record<string, Attribute> = {},
    domain = '',
  ): Value {
    return this.graph.node(op, inputs, [{ type, shape }], attributes, domain)[0]!;
  }
}

function broadcast(a: readonly Dim[], b: readonly Dim[]): Dim[] {
  const rank = Math.max(a.length, b.length);
  const side = (shape: readonly Dim[], i: number) => shape[i - (rank - shape.length)] ?? 1;
  return Array.from({ length: rank }, (_, i) => (side(a, i) === 1 ? side(b, i) : side(a, i)));
}
