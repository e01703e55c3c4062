import { openComponent } from '../checkpoint.js';
import { number } from '../config.js';
import { linear } from '../nn/linear.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { Weights } from '../weights.js';

export function buildTextEncoder(folder: string, debug = false) {
  const component = openComponent(folder);
  const c = component.config;
  const hidden = number(c, 'hidden_size'),
    layers = number(c, 'num_hidden_layers'),
    heads = number(c, 'num_attention_heads');
  const kvHeads = number(c, 'num_key_value_heads'),
    headDim = number(c, 'head_dim'),
    inner = number(c, 'intermediate_size');
  const eps = number(c, 'rms_norm_eps'),
    vocab = number(c, 'vocab_size');
  const theta =
    typeof c.rope_theta === 'number'
      ? c.rope_theta
      : number(c.rope_parameters as Record<string, unknown>, 'rope_theta');
  const graph = new Graph('text_encoder');
  const op = new Ops(graph);
  const root = new Weights(op, component, component.tensors.has('model.embed_tokens.weight') ? 'model.' : '');
  const ids = graph.input('ids', 'int64', ['B', 'L']);
  let x: Value = op.gather(root.at('embed_tokens').get('weight', [vocab, hidden]), ids);
  const length = op.reshape(op.sizes(ids, 1, 2), graph.constant(new BigInt64Array(0), [0], 'none'), []);
  const positions1 = op.range(length, 'L');
  const frequencies = graph.constant(
    Float32Array.from({ length: headDim / 2 }, (_, i) => Math.fround(1 / theta ** ((2 * i) / headDim))),
    [1, headDim / 2],
  );
  const angles = op.mul(op.unsqueeze(op.cast(positions1, 'float32'), 1), frequencies);
  const cos = op.cos(angles),
    sin = op.sin(angles);
  const positions = op.expand(op.unsqueeze(positions1, 0), op.sizes(ids, 0, 2), ['B', 'L']);
  const repeat = (kv: Value) => {
    if (kvHeads === heads) return kv;
    const bl = op.sizes(kv, 0, 2);
    const split = op.reshape(kv, op.concat([bl, op.integers(kvHeads, 1, headDim)], 0, 5), [
      'B',
      'L',
      kvHeads,
      1,
      headDim,
    ]);
    const wide = op.expand(split, op.integers(1, 1, 1, heads / kvHeads, 1), [
      'B',
      'L',
      kvHeads,
      heads / kvHeads,
      headDim,
    ]);
    return op.reshape(wide, op.concat([bl, op.integers(heads * headDim)], 0, 3), ['B', 'L', heads * headDim]);
  };
  const headNorm = (w: Weights, rows: Value, n: number) => {
    const bl = op.sizes(rows, 0, 2);
    const split = op.reshape(rows, op.concat([bl, op.integers(n, headDim)], 0, 4), ['B', 'L', n, headDim]);
    return op.reshape(
      op.rmsNorm(split, w.get('weight', [headDim]), eps),
      op.concat([bl, op.integers(n * headDim)], 0, 3),
      ['B', 'L', n * headDim],
    );
  };
  if (debug) graph.output('layer.0', x);
  for (let layer = 0; layer < layers - 1; layer++) {
    op.within(`layers.${layer}`, () => {
      const w = root.at(`layers.${layer}`);
      const h = op.rmsNorm(x, w.at('input_layernorm').get('weight', [hidden]), eps);
      const attended = op.within('self_attn', () => {
        const a = w.at('self_attn');
        const q = op.rotary(
          headNorm(a.at('q_norm'), linear(a.at('q_proj'), h, heads * headDim), heads),
          positions,
          cos,
          sin,
          false,
        );
        const k = op.rotary(
          headNorm(a.at('k_norm'), linear(a.at('k_proj'), h, kvHeads * headDim), kvHeads),
          positions,
          cos,
          sin,
          false,
        );
        const v = linear(a.at('v_proj'), h, kvHeads * headDim);
        return linear(a.at('o_proj'), op.attention(q, repeat(k), repeat(v), heads, { causal: true }), hidden);
      });
      x = op.add(x, attended);
      const m = w.at('mlp');
      const g = op.rmsNorm(x, w.at('post_attention_layernorm').get('weight', [hidden]), eps);
      x = op.add(
        x,
        op.within('mlp', () =>
          linear(
            m.at('down_proj'),
            op.mul(op.silu(linear(m.at('gate_proj'), g, inner)), linear(m.at('up_proj'), g, inner)),
            hidden,
          ),
        ),
      );
    });
    if (debug) graph.output(`layer.${layer + 1}`, x);
  }
  graph.output('embeds', x);
  return { graph, component };
}
