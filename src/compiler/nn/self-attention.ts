import type { Value } from '../onnx/graph.js';
import type { Ops } from '../onnx/ops.js';
import type { Kernel, SelfAttentionArguments } from '../targets/target.js';
import type { Weights } from '../weights.js';
import { choose } from './choose.js';
import { rotate } from './rope.js';

/** softmax(qkᵀ/√d + bias)·v with normed and rotated queries and keys. [B, S, heads·D] */
export function selfAttention(w: Weights, args: SelfAttentionArguments): Value {
  return choose(w.op.graph, w.op.lowering.kernels.selfAttention, args);
}

/** Norms and rotations as operators of their own before MultiHeadAttention, which has as many keys as queries. */
export const multiHeadAttention: Kernel<SelfAttentionArguments> = {
  name: 'MultiHeadAttention',
  emit({ q, k, v, heads, kvHeads, norms, rope, interleaved, causal, bias }) {
    const { op } = norms.q;
    const headDim = (q.shape.at(-1) as number) / heads;
    const turned = (x: Value, norm: Weights) => rotate(op, headNorm(norm, x, headDim, norms.eps), rope, interleaved);
    const keys = repeatHeads(op, turned(k, norms.k), kvHeads, heads);
    const values = repeatHeads(op, v, kvHeads, heads);
    return op.attention(turned(q, norms.q), keys, values, heads, { causal, bias });
  },
};

/** The root-mean-square norm of each head of x [B, S, H·D], with one gain [D] for all heads. */
function headNorm(w: Weights, x: Value, headDim: number, eps: number): Value {
  const { op } = w;
  const [batch, rows, width] = x.shape as [string, string, number];
  const heads = width / headDim;
  const split = op.reshape(x, op.integers(0, 0, heads, headDim), [batch, rows, heads, headDim]);
  return op.reshape(op.rmsNorm(split, w.get('weight', [headDim], x.type), eps), op.integers(0, 0, width), x.shape);
}

/** [B, S, kv·D] → [B, S, heads·D]: each head of keys or values stands in for several of queries. */
function repeatHeads(op: Ops, x: Value, from: number, to: number): Value {
  if (from === to) return x;
  const [batch, length, width] = x.shape as [string, string, number];
  const dim = width / from;
  const apart = op.reshape(x, op.integers(0, 0, from, 1, dim), [batch, length, from, 1, dim]);
  const copies = op.expand(apart, op.integers(1, 1, 1, to / from, 1), [batch, length, from, to / from, dim]);
  return op.reshape(copies, op.integers(0, 0, to * dim), [batch, length, to * dim]);
}
