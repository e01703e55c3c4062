import { swiglu } from '../nn/feed-forward.js';
import { linear } from '../nn/linear.js';
import { headNorm, rmsNorm } from '../nn/norms.js';
import { type Rope, rotate } from '../nn/rope.js';
import type { Value } from '../onnx/graph.js';
import type { Weights } from '../weights.js';
import type { TransformerConfig } from './z-image-config.js';

/** Of the norms on queries and keys, whatever the configuration says of the others. */
const HEAD_NORM_EPS = 1e-5;

/** The model time that modulates tokens. */
export interface Time {
  /** [R, W]: one row an item, or as many as there are times among the tokens. */
  readonly embedded: Value;
  /** int64 [B, S]: whose row each token goes by; left out, all tokens of an item go by the item's. */
  readonly rows?: Value;
}

/**
 * ZImageTransformerBlock: x ← x + g·norm(attn(s·norm(x))), then the same around a SwiGLU. Scales and gates come from the model
 * time; without one (the context refiner) there are none.
 */
export function block(
  w: Weights,
  config: TransformerConfig,
  x: Value,
  time: Time | null,
  rope: Rope,
  bias: Value | null,
) {
  const { op } = w;
  const { compute, downScale } = op.lowering;
  const { scaleAttention, gateAttention, scaleMlp, gateMlp } = modulation(w, config, time);
  // m·norm(h), with the factor multiplied into the norm's gain.
  const normed = (name: string, h: Value, m: Value | null, eps = config.eps) => rmsNorm(w.at(name), h, eps, m);

  const attended = op.within('attention', () => {
    const input = op.cast(normed('attention_norm1', x, scaleAttention), compute);
    return attention(w.at('attention'), config, input, rope, bias);
  });
  x = op.add(x, op.cast(normed('attention_norm2', attended, gateAttention), x.type));

  const fed = op.within('feed_forward', () => {
    const input = op.cast(normed('ffn_norm1', x, scaleMlp), compute);
    return swiglu(w.at('feed_forward'), input, config.inner, { gate: 'w1', up: 'w3', down: 'w2' }, downScale);
  });
  // A norm is blind to the scale of what it norms, but for its ε.
  return op.add(x, normed('ffn_norm2', op.cast(fed, x.type), gateMlp, config.eps * downScale ** 2));
}

interface Modulation {
  readonly scaleAttention: Value | null;
  readonly gateAttention: Value | null;
  readonly scaleMlp: Value | null;
  readonly gateMlp: Value | null;
}

/** 1 + scale and tanh(gate), each [B, 1, D] or, of tokens with times of their own, [B, S, D], for attention and feed-forward. */
function modulation(w: Weights, { dim }: TransformerConfig, time: Time | null): Modulation {
  if (time === null) return { scaleAttention: null, gateAttention: null, scaleMlp: null, gateMlp: null };
  const { op } = w;
  return op.within('adaLN_modulation', () => {
    const { embedded, rows } = time;
    const all = linear(w.at('adaLN_modulation.0'), embedded, 4 * dim, { bias: true });
    const parts = op.split(all, 4, 1) as [Value, Value, Value, Value];
    const spread = (part: Value) => (rows === undefined ? op.unsqueeze(part, 1) : op.gather(part, rows));
    const scale = (part: Value) => spread(op.add(part, op.scalar(1, part.type)));
    const gate = (part: Value) => spread(op.tanh(part));
    return {
      scaleAttention: scale(parts[0]),
      gateAttention: gate(parts[1]),
      scaleMlp: scale(parts[2]),
      gateMlp: gate(parts[3]),
    };
  });
}

/** softmax(qkᵀ/√d + bias)·v over all tokens, with normed and rotated queries and keys. */
function attention(w: Weights, config: TransformerConfig, x: Value, rope: Rope, bias: Value | null): Value {
  const { op } = w;
  const { dim, heads, headDim } = config;
  const project = (name: string) => op.within(name, () => linear(w.at(name), x, dim));
  const turned = (letter: string) =>
    rotate(op, headNorm(w.at(`norm_${letter}`), project(`to_${letter}`), headDim, HEAD_NORM_EPS), rope, true);
  const mixed = op.attention(turned('q'), turned('k'), project('to_v'), heads, { bias });
  return op.within('to_out', () => linear(w.at('to_out.0'), mixed, dim));
}
