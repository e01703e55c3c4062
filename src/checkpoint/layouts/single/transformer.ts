import { CheckpointError } from '../../errors.js';
import type { StoredTensor } from '../../formats/safetensors.js';
import { blockSize, scaledBy } from '../../formats/scales.js';
import { rowsOf } from '../../formats/values.js';
import { countOf, type Spelling, sizeOf, type Tensors } from './part.js';

/** Axes of the rotary embedding (frame, row, column) by head size: the files do not tell them. */
const AXES: ReadonlyMap<number, readonly number[]> = new Map([[128, [32, 48, 48]]]);

/** Names of the published single files for those of diffusers. */
const RENAMED: readonly (readonly [RegExp, string])[] = [
  [/\.attention\.out\./, '.attention.to_out.0.'],
  [/\.attention\.q_norm\./, '.attention.norm_q.'],
  [/\.attention\.k_norm\./, '.attention.norm_k.'],
  [/^x_embedder\./, 'all_x_embedder.2-1.'],
  [/^final_layer\./, 'all_final_layer.2-1.'],
];

/** Z-Image's transformer, as `z_image_turbo_bf16.safetensors` has it. */
export const transformer: Spelling = {
  prefixes: ['model.diffusion_model.', 'diffusion_model.', ''],
  mark: /^layers\.0\.attention\./,
  rename(tensor) {
    const fused = /^(.+\.attention)\.qkv\.(.+)$/.exec(tensor.name);
    if (fused !== null) return split(tensor, (letter) => `${fused[1]}.to_${letter}.${fused[2]}`);
    const name = RENAMED.reduce((text, [from, to]) => text.replace(from, to), tensor.name);
    // Written with and without its first axis, which is 1.
    const isToken = name.endsWith('_pad_token') && tensor.shape.length === 1;
    return [{ ...tensor, name, shape: isToken ? [1, ...tensor.shape] : tensor.shape }];
  },
  config(tensors, file) {
    const size = (name: string, axis: number) => sizeOf(tensors, file, name, axis);
    const dim = size('all_x_embedder.2-1.weight', 0);
    const headDim = size('layers.0.attention.norm_q.weight', 0);
    const axes = AXES.get(headDim);
    if (axes === undefined)
      throw new CheckpointError(
        `${file}: expected heads of ${[...AXES.keys()].join(' or ')} channels but they have ${headDim}, whose axes no file tells: a configuration beside it may.`,
      );
    return {
      _class_name: 'ZImageTransformer2DModel',
      all_patch_size: [2],
      all_f_patch_size: [1],
      axes_dims: axes,
      axes_lens: [1536, 512, 512],
      cap_feat_dim: size('cap_embedder.1.weight', 1),
      dim,
      in_channels: size('all_x_embedder.2-1.weight', 1) / 4,
      n_heads: dim / headDim,
      n_kv_heads: size('layers.0.attention.to_k.weight', 0) / headDim,
      n_layers: countOf(tensors, 'layers'),
      n_refiner_layers: countOf(tensors, 'noise_refiner'),
      norm_eps: 1e-5,
      qk_norm: true,
      rope_theta: 256,
      siglip_feat_dim: tensors.get('siglip_embedder.1.weight')?.shape[1] ?? null,
      t_scale: 1000,
    };
  },
};

/** Query, key and value of a fused tensor, each a third of its rows; a factor for the whole counts for all three. */
function split(tensor: StoredTensor, name: (letter: string) => string): StoredTensor[] {
  const rows = tensor.shape[0] ?? 1;
  return ['q', 'k', 'v'].map((letter, i) => {
    const part = rows === 1 ? tensor : rowsOf(tensor, (i * rows) / 3, ((i + 1) * rows) / 3);
    return { ...part, name: name(letter) };
  });
}

/** @throws CheckpointError where a fused tensor, or the blocks of its scale, cannot be taken apart */
export function requireThirds(tensors: Tensors, file: string): void {
  for (const { name, shape } of tensors.values()) {
    const rows = shape[0] ?? 1;
    if (!/\.attention\.qkv\./.test(name) || rows === 1) continue;
    const scaled = tensors.get(scaledBy(name) ?? '');
    const [blockRows] = (scaled && shape.length === 2 && blockSize(scaled.shape, shape)) || [1];
    if (rows % 3 === 0 && ((scaled?.shape[0] ?? rows) / 3) % blockRows === 0) continue;
    throw new CheckpointError(
      `${file}: expected "${name}" to hold as many rows for query, key and value but it is [${shape.join(', ')}].`,
    );
  }
}
