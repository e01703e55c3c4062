import type { Config } from '../../checkpoint/config.js';
import { CheckpointError } from '../../checkpoint/errors.js';
import { PATCH } from '../../domain/latent.js';
import type { WeightOptions } from '../weights.js';

export interface TransformerConfig {
  readonly dim: number;
  readonly heads: number;
  readonly headDim: number;
  readonly layers: number;
  readonly refinerLayers: number;
  /** Width of the feed-forward. */
  readonly inner: number;
  /** Width of the time embedding that modulates the blocks. */
  readonly timeDim: number;
  readonly captionDim: number;
  /** Width of the SigLIP features that the omni mode takes; null where it takes none. */
  readonly siglipDim: number | null;
  readonly channels: number;
  readonly eps: number;
  readonly theta: number;
  readonly timeScale: number;
  /** Channels of each rotary axis (frame, row, column), and how many positions it has. */
  readonly axes: readonly { readonly dims: number; readonly length: number }[];
}

/** Of one graph. */
export interface GraphOptions extends WeightOptions {
  /** The captions of a batch have different lengths. */
  readonly masked: boolean;
  /** Also give the values between the layers, under the reference's names. */
  readonly debug: boolean;
}

/** Of an axis: the graphs hold a row for each. The published model has 1,536. */
const MOST_POSITIONS = 2 ** 16;

/** Reads the configuration of a ZImageTransformer2DModel. @throws CheckpointError */
export function readTransformerConfig(config: Config): TransformerConfig {
  config.class('ZImageTransformer2DModel');
  config.known('qk_norm', true);
  config.known('all_patch_size', [PATCH]);
  config.known('all_f_patch_size', [1]);
  const dim = config.size('dim');
  const heads = config.size('n_heads');
  config.known('n_kv_heads', heads);
  const dims = config.sizes('axes_dims', 3);
  const lengths = config.sizes('axes_lens', 3);
  const headDim = dim / heads;
  if (dims.reduce((sum, size) => sum + size, 0) !== headDim)
    throw new CheckpointError(
      `${config.file}: expected "axes_dims" to add up to dim / n_heads = ${headDim} but it is ${JSON.stringify(dims)}.`,
    );
  if (dims.some((size) => size % 2 !== 0)) config.refuse('axes_dims', 'even numbers, because pairs are rotated');
  if (lengths.some((length) => length > MOST_POSITIONS))
    config.refuse('axes_lens', `a list of whole numbers up to ${MOST_POSITIONS}`);
  return {
    dim,
    heads,
    headDim,
    layers: config.size('n_layers'),
    refinerLayers: config.size('n_refiner_layers'),
    inner: Math.trunc((dim / 3) * 8),
    timeDim: Math.min(dim, 256),
    captionDim: config.size('cap_feat_dim'),
    siglipDim: (config.fields.siglip_feat_dim ?? null) === null ? null : config.size('siglip_feat_dim'),
    channels: config.size('in_channels'),
    eps: config.positive('norm_eps'),
    theta: config.positive('rope_theta'),
    timeScale: config.positive('t_scale'),
    axes: dims.map((size, i) => ({ dims: size, length: lengths[i]! })),
  };
}
