import { Config } from '../../checkpoint/config.js';
import { open } from '../../checkpoint/open.js';
import { type Built, type CompileOptions, finished } from '../compiled.js';
import { linear } from '../nn/linear.js';
import { residualNorm, rmsNorm } from '../nn/rms-norm.js';
import { type Rope, sequenceTables } from '../nn/rope.js';
import { selfAttention } from '../nn/self-attention.js';
import { swiglu } from '../nn/swiglu.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { targets } from '../targets/index.js';
import { Weights } from '../weights.js';

export interface TextEncoderConfig {
  readonly hidden: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly inner: number;
  readonly vocabulary: number;
  readonly eps: number;
  readonly theta: number;
}

/**
 * Qwen3 as an encoder: `ids` int64 [B, L] → `embeds` float32 [B, L, hidden], the reference's `hidden_states[-2]`, which is the
 * residual stream before the last layer, without the final norm. The last layer is not built. Causal, so padding on the right
 * changes nothing; batch only prompts of one length.
 * https://github.com/huggingface/transformers/blob/main/src/transformers/models/qwen3/modeling_qwen3.py
 *
 * @throws CheckpointError
 */
export function build(location: string, { target, debug = false }: CompileOptions): Built<TextEncoderConfig> {
  const component = open(location, { part: 'text encoder' });
  const config = readConfig(Config.of(component));
  const graph = new Graph('text_encoder');
  const op = new Ops(graph, targets[target].transformer);
  const prefix = component.tensors.has('model.embed_tokens.weight') ? 'model.' : '';
  const w = new Weights(op, component, {}, prefix);

  const ids = graph.input('ids', 'int64', ['B', 'L']);
  const embedded = w.at('embed_tokens').rows('weight', [config.vocabulary, config.hidden], ids);
  let x = op.cast(embedded, op.lowering.residual);
  const order = op.range(op.item(op.sizes(ids, 1, 2)), 'L');
  const rope: Rope = {
    positions: op.expand(op.unsqueeze(order, 0), op.sizes(ids, 0, 2), ['B', 'L']),
    ...sequenceTables(op, order, config.headDim, config.theta),
  };
  if (debug) graph.output('layer.0', op.cast(x, 'float32'));
  for (let i = 0; i < config.layers - 1; i++) {
    x = op.within(`layers.${i}`, () => layer(w.at(`layers.${i}`), config, x, rope));
    if (debug) graph.output(`layer.${i + 1}`, op.cast(x, 'float32'));
  }
  graph.output('embeds', op.cast(x, 'float32'));
  return { component, config, graph };
}

/** @throws CheckpointError */
export const compile = (location: string, options: CompileOptions) => finished(build(location, options));

const MATRICES = { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' };

/** x ← x + attention(norm(x)); x ← x + mlp(norm(x)). */
function layer(w: Weights, config: TextEncoderConfig, x: Value, rope: Rope): Value {
  const { op } = w;
  const { compute } = op.lowering;
  const input = op.cast(rmsNorm(w.at('input_layernorm'), x, config.eps), compute);
  const attended = op.within('self_attn', () => attention(w.at('self_attn'), config, input, rope));
  const before = { w: w.at('post_attention_layernorm'), eps: config.eps, factor: null };
  const { sum, normed } = residualNorm(w, { x, h: attended, after: null, before });
  const fed = op.within('mlp', () => swiglu(w.at('mlp'), op.cast(normed!, compute), config.inner, MATRICES));
  return op.add(sum, op.cast(fed, sum.type));
}

/** Causal attention with normed and rotated queries and keys; several query heads share one of keys and values. */
function attention(w: Weights, config: TextEncoderConfig, x: Value, rope: Rope): Value {
  const { heads, kvHeads, headDim, eps, hidden } = config;
  const project = (name: string, count: number) => linear(w.at(name), x, count * headDim);
  const mixed = selfAttention(w, {
    ...{ q: project('q_proj', heads), k: project('k_proj', kvHeads), v: project('v_proj', kvHeads), heads, kvHeads },
    norms: { q: w.at('q_norm'), k: w.at('k_norm'), eps },
    ...{ rope, interleaved: false, causal: true, bias: null },
  });
  return linear(w.at('o_proj'), mixed, hidden);
}

function readConfig(config: Config): TextEncoderConfig {
  config.known('model_type', 'qwen3');
  config.known('hidden_act', 'silu');
  config.known('attention_bias', false);
  // Transformers writes "no scaling" in three ways: null, a record of the default kind, and that record under the kind's former name.
  const scaling = config.record('rope_scaling');
  scaling.known('rope_type', 'default');
  scaling.known('type', 'default');
  config.known('use_sliding_window', false);
  // Transformers 5 moved the base frequency into a record, and says of each layer what it attends to.
  const nested = config.record('rope_parameters');
  nested.known('rope_type', 'default');
  const layers = config.size('num_hidden_layers');
  if ('layer_types' in config.fields) config.known('layer_types', Array<string>(layers).fill('full_attention'), null);
  const heads = config.size('num_attention_heads');
  const kvHeads = config.size('num_key_value_heads');
  if (heads % kvHeads !== 0) config.refuse('num_key_value_heads', `a divisor of the ${heads} heads`);
  const headDim = config.size('head_dim');
  if (headDim % 2 !== 0) config.refuse('head_dim', 'an even number, whose halves are rotated');
  return {
    hidden: config.size('hidden_size'),
    layers,
    heads,
    kvHeads,
    headDim,
    inner: config.size('intermediate_size'),
    vocabulary: config.size('vocab_size'),
    eps: config.positive('rms_norm_eps'),
    theta: ('rope_theta' in config.fields ? config : nested).positive('rope_theta'),
  };
}
