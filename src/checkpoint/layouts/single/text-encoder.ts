import { countOf, type Spelling, sizeOf } from './part.js';

/** Qwen3 as `qwen_3_4b.safetensors` has it: transformers' own names. */
export const textEncoder: Spelling = {
  prefixes: ['text_encoders.qwen3_4b.transformer.model.', 'model.', ''],
  mark: /^embed_tokens\.weight$/,
  rename: (tensor) => [{ ...tensor, name: `model.${tensor.name}` }],
  config(tensors, file) {
    const size = (name: string, axis: number) => sizeOf(tensors, file, `model.${name}`, axis);
    const headDim = size('layers.0.self_attn.q_norm.weight', 0);
    return {
      model_type: 'qwen3',
      attention_bias: false,
      head_dim: headDim,
      hidden_act: 'silu',
      hidden_size: size('embed_tokens.weight', 1),
      intermediate_size: size('layers.0.mlp.gate_proj.weight', 0),
      num_attention_heads: size('layers.0.self_attn.q_proj.weight', 0) / headDim,
      num_hidden_layers: countOf(tensors, 'model.layers'),
      num_key_value_heads: size('layers.0.self_attn.k_proj.weight', 0) / headDim,
      rms_norm_eps: 1e-6,
      rope_theta: 1_000_000,
      vocab_size: size('embed_tokens.weight', 0),
    };
  },
};
