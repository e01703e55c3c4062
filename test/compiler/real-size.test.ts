import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeComponent } from '../../src/checkpoint/index.js';
import {
  compileImageEncoder,
  compileOmniTransformer,
  compileTextEncoder,
  compileTransformer,
  compileVaeDecoder,
  compileVaeEncoder,
} from '../../src/compiler/index.js';
import type { Device } from '../../src/domain/device.js';
import { type NewTensor, temporaryFolder, writeJson, writeTensors } from './files.js';

// The published Z-Image-Turbo, in its configurations and in the names, shapes and types of its tensors: 24 GB of zeros that take
// no place on the disk. https://huggingface.co/Tongyi-MAI/Z-Image-Turbo
type Shapes = Record<string, readonly number[]>;

const transformerConfig = {
  _class_name: 'ZImageTransformer2DModel',
  all_f_patch_size: [1],
  all_patch_size: [2],
  axes_dims: [32, 48, 48],
  axes_lens: [1536, 512, 512],
  cap_feat_dim: 2560,
  dim: 3840,
  in_channels: 16,
  n_heads: 30,
  n_kv_heads: 30,
  n_layers: 30,
  n_refiner_layers: 2,
  norm_eps: 1e-5,
  qk_norm: true,
  rope_theta: 256,
  siglip_feat_dim: null,
  t_scale: 1000,
};

/** @param siglip width of the features of an image encoder, where the transformer takes them */
function transformerShapes(siglip: number | null = null): Shapes {
  const dim = 3840;
  const inner = 10240;
  const block = (name: string, modulated: boolean): Shapes => ({
    ...(modulated && {
      [`${name}.adaLN_modulation.0.weight`]: [4 * dim, 256],
      [`${name}.adaLN_modulation.0.bias`]: [4 * dim],
    }),
    ...Object.fromEntries(
      ['to_q', 'to_k', 'to_v', 'to_out.0'].map((part) => [`${name}.attention.${part}.weight`, [dim, dim]]),
    ),
    [`${name}.attention.norm_q.weight`]: [128],
    [`${name}.attention.norm_k.weight`]: [128],
    ...Object.fromEntries(
      ['attention_norm1', 'attention_norm2', 'ffn_norm1', 'ffn_norm2'].map((part) => [`${name}.${part}.weight`, [dim]]),
    ),
    [`${name}.feed_forward.w1.weight`]: [inner, dim],
    [`${name}.feed_forward.w2.weight`]: [dim, inner],
    [`${name}.feed_forward.w3.weight`]: [inner, dim],
  });
  const blocks = (prefix: string, count: number, modulated: boolean) =>
    Object.assign({}, ...Array.from({ length: count }, (_, i) => block(`${prefix}.${i}`, modulated))) as Shapes;
  return {
    'all_x_embedder.2-1.weight': [dim, 64],
    'all_x_embedder.2-1.bias': [dim],
    'all_final_layer.2-1.adaLN_modulation.1.weight': [dim, 256],
    'all_final_layer.2-1.adaLN_modulation.1.bias': [dim],
    'all_final_layer.2-1.linear.weight': [64, dim],
    'all_final_layer.2-1.linear.bias': [64],
    't_embedder.mlp.0.weight': [1024, 256],
    't_embedder.mlp.0.bias': [1024],
    't_embedder.mlp.2.weight': [256, 1024],
    't_embedder.mlp.2.bias': [256],
    'cap_embedder.0.weight': [2560],
    'cap_embedder.1.weight': [dim, 2560],
    'cap_embedder.1.bias': [dim],
    x_pad_token: [1, dim],
    cap_pad_token: [1, dim],
    ...blocks('noise_refiner', 2, true),
    ...blocks('context_refiner', 2, false),
    ...(siglip !== null && {
      'siglip_embedder.0.weight': [siglip],
      'siglip_embedder.1.weight': [dim, siglip],
      'siglip_embedder.1.bias': [dim],
      siglip_pad_token: [1, dim],
      ...blocks('siglip_refiner', 2, false),
    }),
    ...blocks('layers', 30, true),
  };
}

const textEncoderConfig = {
  architectures: ['Qwen3ForCausalLM'],
  attention_bias: false,
  head_dim: 128,
  hidden_act: 'silu',
  hidden_size: 2560,
  intermediate_size: 9728,
  max_position_embeddings: 40960,
  model_type: 'qwen3',
  num_attention_heads: 32,
  num_hidden_layers: 36,
  num_key_value_heads: 8,
  rms_norm_eps: 1e-6,
  rope_scaling: null,
  rope_theta: 1_000_000,
  tie_word_embeddings: true,
  use_sliding_window: false,
  vocab_size: 151936,
};

function textEncoderShapes(): Shapes {
  const hidden = 2560;
  const inner = 9728;
  const layer = (name: string): Shapes => ({
    [`${name}.input_layernorm.weight`]: [hidden],
    [`${name}.post_attention_layernorm.weight`]: [hidden],
    [`${name}.self_attn.q_proj.weight`]: [32 * 128, hidden],
    [`${name}.self_attn.k_proj.weight`]: [8 * 128, hidden],
    [`${name}.self_attn.v_proj.weight`]: [8 * 128, hidden],
    [`${name}.self_attn.o_proj.weight`]: [hidden, 32 * 128],
    [`${name}.self_attn.q_norm.weight`]: [128],
    [`${name}.self_attn.k_norm.weight`]: [128],
    [`${name}.mlp.gate_proj.weight`]: [inner, hidden],
    [`${name}.mlp.up_proj.weight`]: [inner, hidden],
    [`${name}.mlp.down_proj.weight`]: [hidden, inner],
  });
  return Object.assign(
    { 'model.embed_tokens.weight': [151936, hidden], 'model.norm.weight': [hidden] },
    ...Array.from({ length: 36 }, (_, i) => layer(`model.layers.${i}`)),
  ) as Shapes;
}

// google/siglip2-so400m-patch16-naflex
const imageEncoderConfig = {
  model_type: 'siglip2_vision_model',
  hidden_act: 'gelu_pytorch_tanh',
  hidden_size: 1152,
  intermediate_size: 4304,
  layer_norm_eps: 1e-6,
  num_attention_heads: 16,
  num_channels: 3,
  num_hidden_layers: 27,
  num_patches: 256,
  patch_size: 16,
};

function imageEncoderShapes(): Shapes {
  const [hidden, inner] = [1152, 4304];
  const affine = (name: string, weight: readonly number[]): Shapes => ({
    [`${name}.weight`]: weight,
    [`${name}.bias`]: [weight[0]!],
  });
  const layer = (name: string): Shapes => ({
    ...affine(`${name}.layer_norm1`, [hidden]),
    ...affine(`${name}.layer_norm2`, [hidden]),
    ...affine(`${name}.self_attn.q_proj`, [hidden, hidden]),
    ...affine(`${name}.self_attn.k_proj`, [hidden, hidden]),
    ...affine(`${name}.self_attn.v_proj`, [hidden, hidden]),
    ...affine(`${name}.self_attn.out_proj`, [hidden, hidden]),
    ...affine(`${name}.mlp.fc1`, [inner, hidden]),
    ...affine(`${name}.mlp.fc2`, [hidden, inner]),
  });
  return Object.assign(
    affine('vision_model.embeddings.patch_embedding', [hidden, 768]),
    { 'vision_model.embeddings.position_embedding.weight': [256, hidden] },
    affine('vision_model.post_layernorm', [hidden]),
    ...Array.from({ length: 27 }, (_, i) => layer(`vision_model.encoder.layers.${i}`)),
  ) as Shapes;
}

const vaeConfig = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array(4).fill('DownEncoderBlock2D'),
  force_upcast: true,
  in_channels: 3,
  latent_channels: 16,
  layers_per_block: 2,
  mid_block_add_attention: true,
  norm_num_groups: 32,
  out_channels: 3,
  sample_size: 1024,
  scaling_factor: 0.3611,
  shift_factor: 0.1159,
  up_block_types: Array(4).fill('UpDecoderBlock2D'),
  use_post_quant_conv: false,
  use_quant_conv: false,
};

function vaeShapes(): Shapes {
  const shapes: Shapes = {};
  const put = (name: string, weight: readonly number[]) =>
    Object.assign(shapes, { [`${name}.weight`]: weight, [`${name}.bias`]: [weight[0]!] });
  const resnet = (name: string, from: number, to: number) => {
    put(`${name}.norm1`, [from]);
    put(`${name}.conv1`, [to, from, 3, 3]);
    put(`${name}.norm2`, [to]);
    put(`${name}.conv2`, [to, to, 3, 3]);
    if (from !== to) put(`${name}.conv_shortcut`, [to, from, 1, 1]);
  };
  const mid = (name: string) => {
    for (const i of [0, 1]) resnet(`${name}.resnets.${i}`, 512, 512);
    put(`${name}.attentions.0.group_norm`, [512]);
    for (const part of ['to_q', 'to_k', 'to_v', 'to_out.0']) put(`${name}.attentions.0.${part}`, [512, 512]);
  };
  const widths = [128, 256, 512, 512];
  for (const [i, width] of widths.entries()) {
    const from = widths[Math.max(0, i - 1)]!;
    for (const j of [0, 1]) resnet(`encoder.down_blocks.${i}.resnets.${j}`, j === 0 ? from : width, width);
    if (i < 3) put(`encoder.down_blocks.${i}.downsamplers.0.conv`, [width, width, 3, 3]);
  }
  for (const [i, width] of [...widths].reverse().entries()) {
    const from = [...widths].reverse()[Math.max(0, i - 1)]!;
    for (const j of [0, 1, 2]) resnet(`decoder.up_blocks.${i}.resnets.${j}`, j === 0 ? from : width, width);
    if (i < 3) put(`decoder.up_blocks.${i}.upsamplers.0.conv`, [width, width, 3, 3]);
  }
  put('encoder.conv_in', [128, 3, 3, 3]);
  put('encoder.conv_norm_out', [512]);
  put('encoder.conv_out', [32, 512, 3, 3]);
  put('decoder.conv_in', [512, 16, 3, 3]);
  put('decoder.conv_norm_out', [128]);
  put('decoder.conv_out', [3, 128, 3, 3]);
  mid('encoder.mid_block');
  mid('decoder.mid_block');
  return shapes;
}

/** A component whose weights are sparse files of true size: one, or shards with an index. */
function component(name: string, config: object, shapes: Shapes, type: 'F32' | 'BF16', shards: number): string {
  const folder = join(temporaryFolder(), name);
  writeJson(join(folder, 'config.json'), config);
  const stem = name === 'text_encoder' || name === 'siglip' ? 'model' : 'diffusion_pytorch_model';
  const of = (part: number) => (shards === 1 ? stem : `${stem}-0000${part + 1}-of-0000${shards}`);
  const names = Object.keys(shapes);
  const perShard = Math.ceil(names.length / shards);
  for (let part = 0; part < shards; part++) {
    const mine = names.slice(part * perShard, (part + 1) * perShard);
    const tensors = mine.map((tensor): [string, NewTensor] => [tensor, { type, shape: shapes[tensor]! }]);
    writeTensors(join(folder, `${of(part)}.safetensors`), Object.fromEntries(tensors));
  }
  if (shards > 1) {
    const map = names.map((tensor, i) => [tensor, `${of(Math.floor(i / perShard))}.safetensors`]);
    writeJson(join(folder, `${stem}.safetensors.index.json`), { weight_map: Object.fromEntries(map) });
  }
  return folder;
}

describe('the published checkpoint, in its true size', () => {
  it.each<Device>(['cpu', 'cuda', 'webgpu'])(
    'compiles for %s in under two seconds, without reading weights',
    (target) => {
      const textEncoder = component('text_encoder', textEncoderConfig, textEncoderShapes(), 'BF16', 3);
      const transformer = component('transformer', transformerConfig, transformerShapes(), 'F32', 3);
      const vae = component('vae', vaeConfig, vaeShapes(), 'BF16', 1);
      expect(describeComponent(transformer)).toEqual({ tensors: 521, bytes: 24_619_634_944, types: ['F32'] });

      const before = process.cpuUsage();
      const encoder = compileTextEncoder(textEncoder, { target });
      const { prepare, step } = compileTransformer(transformer, { target });
      const images = [compileVaeDecoder(vae, { target }), compileVaeEncoder(vae, { target })];
      const { user, system } = process.cpuUsage(before);

      expect((user + system) / 1e6).toBeLessThan(2);
      const graphs = [encoder, prepare, step, ...images];
      // The graphs are small, because the weights stay in their files.
      for (const { model } of graphs) expect(model.length).toBeLessThan(2 ** 20);
      expect(encoder.outputs).toEqual([{ name: 'embeds', type: 'float32', shape: ['B', 'L', 2560] }]);
      expect(step.outputs).toEqual([{ name: 'output', type: 'float32', shape: ['B', 16, 'h', 'w'] }]);
    },
  );

  it.each<Device>(['cpu', 'cuda', 'webgpu'])(
    'compiles for %s in omni mode, with an image encoder, in under two seconds',
    (target) => {
      const config = { ...transformerConfig, siglip_feat_dim: 1152 };
      const transformer = component('transformer', config, transformerShapes(1152), 'BF16', 3);
      const siglip = component('siglip', imageEncoderConfig, imageEncoderShapes(), 'F32', 1);

      const before = process.cpuUsage();
      const { prepare, step } = compileOmniTransformer(transformer, { target });
      const encoder = compileImageEncoder(siglip, { target });
      const { user, system } = process.cpuUsage(before);

      expect((user + system) / 1e6).toBeLessThan(2);
      for (const { model } of [prepare, step, encoder]) expect(model.length).toBeLessThan(2 ** 20);
      expect(step.outputs).toEqual([{ name: 'output', type: 'float32', shape: ['B', 16, 'h', 'w'] }]);
      expect(encoder.outputs).toEqual([{ name: 'features', type: 'float32', shape: [1, 'N', 1152] }]);
    },
  );
});
