import { countOf, type Spelling, sizeOf } from './part.js';

/** Levels of this family's autoencoder, three times halved. */
const LEVELS = 4;

/** Names of the latent diffusion code for those of diffusers, in this order. */
const RENAMED: readonly (readonly [RegExp, string | ((...match: string[]) => string)])[] = [
  [/^(encoder|decoder)\.norm_out\./, '$1.conv_norm_out.'],
  [/\.mid\.block_(\d)\./, (_, i) => `.mid_block.resnets.${Number(i) - 1}.`],
  [/\.mid\.attn_1\.norm\./, '.mid_block.attentions.0.group_norm.'],
  [/\.mid\.attn_1\.proj_out\./, '.mid_block.attentions.0.to_out.0.'],
  [/\.mid\.attn_1\.([qkv])\./, '.mid_block.attentions.0.to_$1.'],
  [/\.down\.(\d)\.block\.(\d)\./, '.down_blocks.$1.resnets.$2.'],
  [/\.down\.(\d)\.downsample\./, '.down_blocks.$1.downsamplers.0.'],
  // There the levels of the decoder are numbered from the image inwards.
  [/\.up\.(\d)\.block\.(\d)\./, (_, level, i) => `.up_blocks.${LEVELS - 1 - Number(level)}.resnets.${i}.`],
  [/\.up\.(\d)\.upsample\./, (_, level) => `.up_blocks.${LEVELS - 1 - Number(level)}.upsamplers.0.`],
  [/\.nin_shortcut\./, '.conv_shortcut.'],
];

/** FLUX's autoencoder as `ae.safetensors` has it. */
export const autoencoder: Spelling = {
  prefixes: ['first_stage_model.', 'vae.', ''],
  mark: /^decoder\.(?:mid|mid_block)\./,
  rename(tensor) {
    const name = RENAMED.reduce((text, [from, to]) => text.replace(from, to as string), tensor.name);
    // Linear layers are 1×1 convolutions there.
    const isLinear = /\.attentions\.0\.to_.*\.weight$/.test(name) && tensor.shape.length === 4;
    return [{ ...tensor, name, shape: isLinear ? tensor.shape.slice(0, 2) : tensor.shape }];
  },
  config(tensors, file) {
    const size = (name: string, axis: number) => sizeOf(tensors, file, name, axis);
    const levels = Array.from({ length: LEVELS }, (_, i) => i);
    return {
      _class_name: 'AutoencoderKL',
      act_fn: 'silu',
      block_out_channels: levels.map((i) => size(`encoder.down_blocks.${i}.resnets.0.conv2.weight`, 0)),
      down_block_types: levels.map(() => 'DownEncoderBlock2D'),
      in_channels: 3,
      latent_channels: size('decoder.conv_in.weight', 1),
      layers_per_block: countOf(tensors, 'encoder.down_blocks.0.resnets'),
      mid_block_add_attention: true,
      norm_num_groups: 32,
      out_channels: 3,
      scaling_factor: 0.3611,
      shift_factor: 0.1159,
      up_block_types: levels.map(() => 'UpDecoderBlock2D'),
      use_post_quant_conv: tensors.has('post_quant_conv.weight'),
      use_quant_conv: tensors.has('quant_conv.weight'),
    };
  },
};
