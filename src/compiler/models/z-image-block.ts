import { linear } from '../nn/linear.js';
import { residualNorm, rmsNorm } from '../nn/rms-norm.js';
import type { Rope } from '../nn/rope.js';
import { selfAttention } from '../nn/self-attention.js';
import { swiglu } from '../nn/swiglu.js';
import type { Value } from '../onnx/graph.js';
import type { Weights } from '../weights.js';
import type { TransformerConfig } from './z-image-config.js';

/** Of the norms on queries and keys, whatever the configuration says of the others. */
const HEAD_NORM_EPS = 1e-5;

const MATRICES = { gate: 'w1', up: 'w3', down: 'w2' };

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
  const norm = (name: string, factor: Value | null, eps = config.eps) => ({ w: w.at(name), eps, factor });

  const attended = op.within('attention', () => {
    const input = rmsNorm(w.at('attention_norm1'), x, config.eps, scaleAttention);
    return attention(w.at('attention'), config, op.cast(input, compute), rope, bias);
  });
  const { sum, normed } = residualNorm(w, {
    ...{ x, h: attended },
    after: norm('attention_norm2', gateAttention),
    before: norm('ffn_norm1', scaleMlp),
  });
  const fed = op.within('feed_forward', () =>
    swiglu(w.at('feed_forward'), op.cast(normed!, compute), config.inner, MATRICES, downScale),
  );
  // A norm is blind to the scale of what it norms, but for its ε.
  const after = norm('ffn_norm2', gateMlp, config.eps * downScale ** 2);
  return residualNorm(w, { x: sum, h: op.cast(fed, x.type), after, before: null }).sum;
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
    const items = rows === undefined ? op.unsqueeze(all, 1) : all;
    const parts = op.split(items, 4, items.shape.length - 1) as [Value, Value, Value, Value];
    const spread = (part: Value) => (rows === undefined ? part : op.gather(part, rows));
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
  const { dim, heads } = config;
  const project = (name: string) => op.within(name, () => linear(w.at(name), x, dim));
  const mixed = selfAttention(w, {
    ...{ q: project('to_q'), k: project('to_k'), v: project('to_v'), heads, kvHeads: heads },
    norms: { q: w.at('norm_q'), k: w.at('norm_k'), eps: HEAD_NORM_EPS },
    ...{ rope, interleaved: true, causal: false, bias },
  });
  return op.within('to_out', () => linear(w.at('to_out.0'), mixed, dim));
}
