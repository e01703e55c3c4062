import { Config } from '../../checkpoint/config.js';
import { open } from '../../checkpoint/open.js';
import type { Device } from '../../domain/device.js';
import { conv } from '../nn/conv.js';
import { linear } from '../nn/linear.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { targets } from '../targets/index.js';
import { Weights } from '../weights.js';

/** Of the group norms. */
export const EPS = 1e-6;

export interface VaeConfig {
  /** Channels of the levels, from the image inwards. */
  readonly widths: readonly number[];
  readonly layersPerBlock: number;
  readonly groups: number;
  readonly latentChannels: number;
  /** The diffusion model's latents are (z − shift) · scale. */
  readonly scalingFactor: number;
  readonly shiftFactor: number;
  /** Whether 1×1 convolutions stand between the latents and the coders. */
  readonly quantConv: boolean;
  readonly postQuantConv: boolean;
}

/** A group norm of this model. */
export type Norm = (w: Weights, x: Value) => Value;

/** The latents as the autoencoder has them, and the first convolution over them. */
export function decoderStart(root: Weights, latents: Value, config: VaeConfig): Value {
  const { op } = root;
  let x = op.add(op.div(latents, op.scalar(config.scalingFactor)), op.scalar(config.shiftFactor));
  if (config.postQuantConv) x = conv(root.at('post_quant_conv'), x, config.latentChannels, { kernel: 1 });
  return op.within('conv_in', () => conv(root.at('decoder.conv_in'), x, config.widths.at(-1)!));
}

/** The last convolution of a coder. */
export function coderEnd(w: Weights, x: Value, channels: number, norm: Norm): Value {
  const { op } = w;
  const smooth = op.silu(op.within('conv_norm_out', () => norm(w.at('conv_norm_out'), x)));
  return op.within('conv_out', () => conv(w.at('conv_out'), smooth, channels));
}

/** The last convolutions of the encoder: mean and logarithm of the variance, joined along the channels. */
export function encoderEnd(root: Weights, x: Value, { latentChannels, quantConv }: VaeConfig, norm: Norm): Value {
  const both = coderEnd(root.at('encoder'), x, 2 * latentChannels, norm);
  return quantConv ? conv(root.at('quant_conv'), both, 2 * latentChannels, { kernel: 1 }) : both;
}

/** conv(silu(norm(x))): half of a residual block. */
export function resnetHalf(w: Weights, i: 1 | 2, x: Value, width: number, norm: Norm): Value {
  const { op } = w;
  return op.within(`conv${i}`, () => conv(w.at(`conv${i}`), op.silu(norm(w.at(`norm${i}`), x)), width));
}

/** What a residual block adds to its halves: x, through a 1×1 convolution where the width changes. */
export function shortcut(w: Weights, x: Value, width: number): Value {
  return x.shape[1] === width
    ? x
    : w.op.within('conv_shortcut', () => conv(w.at('conv_shortcut'), x, width, { kernel: 1 }));
}

/** One head of attention of the positions of x [B, C, H, W] to those of `all`, around which x is added. */
export function attention(w: Weights, x: Value, norm: Norm, all: Value = x): Value {
  const { op } = w;
  const [batch, channels] = x.shape as [string, number];
  const tokensOf = (value: Value, positions: string) => {
    const normed = norm(w.at('group_norm'), value);
    return op.transpose(op.reshape(normed, op.integers(0, channels, -1), [batch, channels, positions]), [0, 2, 1]);
  };
  const tokens = tokensOf(x, 'positions');
  const others = all === x ? tokens : tokensOf(all, 'others');
  const project = (name: string, h: Value) => op.within(name, () => linear(w.at(name), h, channels, { bias: true }));
  const mixed = op.attention(project('to_q', tokens), project('to_k', others), project('to_v', others), 1);
  const back = op.transpose(project('to_out.0', mixed), [0, 2, 1]);
  return op.add(x, op.reshape(back, op.sizes(x, 0, 4), x.shape));
}

/** Opens an autoencoder for a graph of that name. @throws CheckpointError */
export function openVae(location: string, target: Device, name: string) {
  const component = open(location, { part: 'autoencoder' });
  const config = readConfig(Config.of(component));
  const graph = new Graph(name);
  const op = new Ops(graph, targets[target].autoencoder);
  return { component, config, graph, op, root: new Weights(op, component) };
}

function readConfig(config: Config): VaeConfig {
  config.class('AutoencoderKL');
  config.known('act_fn', 'silu');
  config.known('mid_block_add_attention', true);
  config.known('in_channels', 3);
  config.known('out_channels', 3);
  config.known('latents_mean', null);
  config.known('latents_std', null);
  // Three times halved, so that a latent's cell is 8 pixels wide.
  const widths = config.sizes('block_out_channels', 4);
  const groups = config.size('norm_num_groups');
  if (widths.some((width) => width % groups !== 0))
    config.refuse('norm_num_groups', `a divisor of each of the widths ${widths.join(', ')}`);
  config.known(
    'down_block_types',
    widths.map(() => 'DownEncoderBlock2D'),
  );
  config.known(
    'up_block_types',
    widths.map(() => 'UpDecoderBlock2D'),
  );
  return {
    widths,
    layersPerBlock: config.size('layers_per_block'),
    groups,
    latentChannels: config.size('latent_channels'),
    scalingFactor: config.positive('scaling_factor'),
    shiftFactor: config.number('shift_factor'),
    quantConv: config.known('use_quant_conv', true, false),
    postQuantConv: config.known('use_post_quant_conv', true, false),
  };
}
