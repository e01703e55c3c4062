import { linear } from '../nn/linear.js';
import type { Value } from '../onnx/graph.js';
import type { Weights } from '../weights.js';
import type { TransformerConfig } from './z-image-config.js';

const TIME_FREQUENCIES = 128;
const TIME_INNER = 1024;

/** [cos(a·f), sin(a·f)] of a = 1000·τ through a two-layer MLP. [B, timeDim] */
export function embedTime(whole: Weights, { timeScale, timeDim }: TransformerConfig, tau: Value): Value {
  const { op } = whole;
  const w = whole.at('t_embedder');
  const frequency = (i: number) => Math.exp((-Math.log(10_000) * i) / TIME_FREQUENCIES);
  const frequencies = op.graph.constant(
    Float32Array.from({ length: TIME_FREQUENCIES }, (_, i) => frequency(i)),
    [1, TIME_FREQUENCIES],
  );
  const angles = op.mul(op.unsqueeze(op.mul(tau, op.scalar(timeScale)), 1), frequencies);
  const waves = op.cast(op.concat([op.cos(angles), op.sin(angles)], 1, 2 * TIME_FREQUENCIES), op.lowering.compute);
  return linear(w.at('mlp.2'), op.silu(linear(w.at('mlp.0'), waves, TIME_INNER, { bias: true })), timeDim, {
    bias: true,
  });
}
