import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entryFromCheckpoint } from '../../src/catalog/entry-from-checkpoint.js';
import { readHeader } from '../../src/checkpoint/formats/safetensors.js';
import type { ModelEntry } from '../../src/domain/model-entry.js';
import { bytesOf, type NewTensor, writeJson, writeTensors } from '../compiler/files.js';
import { fixtures, temporaryFolder } from './checkpoints.js';

const HIDDEN = 16;
const INNER = 32;
const PATCH = 16;
const GRID = 3;

/** Small numbers that are not all alike; norms get ones. */
function made(shapes: Readonly<Record<string, readonly number[]>>): Record<string, NewTensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape], nth): [string, NewTensor] => {
      const length = shape.reduce((product, side) => product * side, 1);
      const isGain = shape.length === 1 && name.endsWith('weight');
      const data = Float32Array.from({ length }, (_, i) => (isGain ? 1 : 0.3 * Math.sin(1.7 * i + nth)));
      return [name, { type: 'F32', shape, data: bytesOf(data) }];
    }),
  );
}

/** Writes a SigLIP 2 vision tower of one layer that looks at up to 24 patches. */
export function writeImageEncoder(
  folder: string,
  change: (name: string, tensor: NewTensor) => NewTensor = (_, it) => it,
) {
  writeJson(join(folder, 'config.json'), {
    model_type: 'siglip2_vision_model',
    hidden_act: 'gelu_pytorch_tanh',
    hidden_size: HIDDEN,
    intermediate_size: INNER,
    layer_norm_eps: 1e-6,
    num_attention_heads: 2,
    num_channels: 3,
    num_hidden_layers: 1,
    num_patches: GRID ** 2,
    patch_size: PATCH,
  });
  writeJson(join(folder, 'preprocessor_config.json'), { max_num_patches: 24, resample: 2 });
  const affine = (name: string, weight: readonly number[]) => ({
    [`${name}.weight`]: weight,
    [`${name}.bias`]: [weight[0]!],
  });
  const layer = 'encoder.layers.0';
  const tensors = made({
    ...affine('embeddings.patch_embedding', [HIDDEN, PATCH * PATCH * 3]),
    'embeddings.position_embedding.weight': [GRID ** 2, HIDDEN],
    ...affine(`${layer}.layer_norm1`, [HIDDEN]),
    ...affine(`${layer}.layer_norm2`, [HIDDEN]),
    ...Object.assign(
      {},
      ...['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((part) =>
        affine(`${layer}.self_attn.${part}`, [HIDDEN, HIDDEN]),
      ),
    ),
    ...affine(`${layer}.mlp.fc1`, [INNER, HIDDEN]),
    ...affine(`${layer}.mlp.fc2`, [HIDDEN, INNER]),
    ...affine('post_layernorm', [HIDDEN]),
  });
  const changed = Object.entries(tensors).map(([name, tensor]) => [name, change(name, tensor)]);
  writeTensors(join(folder, 'model.safetensors'), Object.fromEntries(changed));
}

/** The tiny Turbo checkpoint as one that follows instructions and sees images through an image encoder. */
export function tinyOmni(): ModelEntry {
  const folder = join(temporaryFolder(), 'tiny-omni');
  cpSync(join(fixtures, 'tiny-turbo'), folder, { recursive: true });
  writeJson(join(folder, 'model_index.json'), { _class_name: 'ZImageOmniPipeline' });
  writeImageEncoder(join(folder, 'siglip'));

  const transformer = join(folder, 'transformer');
  const config = JSON.parse(readFileSync(join(transformer, 'config.json'), 'utf8'));
  writeJson(join(transformer, 'config.json'), { ...config, siglip_feat_dim: HIDDEN });
  const file = join(transformer, 'diffusion_pytorch_model.safetensors');
  const bytes = readFileSync(file);
  const known = readHeader(file).map(({ name, type, shape, offset, length }): [string, NewTensor] => [
    name,
    { type, shape, data: Uint8Array.prototype.slice.call(bytes, offset, offset + length) },
  ]);
  // A refiner for the features is made as the captions' is.
  const refiner = known.flatMap(([name, tensor]): [string, NewTensor][] =>
    name.startsWith('context_refiner.') ? [[name.replace('context', 'siglip'), tensor]] : [],
  );
  const embedder = made({
    'siglip_embedder.0.weight': [HIDDEN],
    'siglip_embedder.1.weight': [config.dim, HIDDEN],
    'siglip_embedder.1.bias': [config.dim],
    siglip_pad_token: [1, config.dim],
  });
  writeTensors(file, { ...Object.fromEntries([...known, ...refiner]), ...embedder });
  return entryFromCheckpoint(folder);
}
