import { openComponent } from '../checkpoint.js';
import { Config } from '../config.js';
import { conv, scaledSize } from '../nn/conv.js';
import { byItself, groupNorm } from '../nn/group-norm.js';
import { linear } from '../nn/linear.js';
import { givenMoments, measuredMoments } from '../nn/moments.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { targets } from '../targets/index.js';
import type { Device } from '../targets/target.js';
import { Weights } from '../weights.js';

const EPS = 1e-6;

export interface VaeConfig {
  /** Channels of the levels, from the picture inwards. */
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

/**
 * By which mean and variance the group norms of a coder work. A tile must go by the whole picture's, or it comes out lighter or
 * darker than its neighbours: `measured` also tells its own, as `moments` [B, norms·groups, 2] (mean, mean square); `given` takes
 * `factor` and `offset` [1, norms·groups, 1] instead: the normalised value is x·factor + offset.
 */
export type Moments = 'own' | 'measured' | 'given';

/** A group norm of this model. */
type Norm = (w: Weights, x: Value) => Value;

/**
 * AutoencoderKL's decoder with FLUX's structure: `latents` float32 [B, 16, h, w] as the diffusion model has them → `decoded` float32
 * [B, 3, 8h, 8w], about −1 … 1, not clamped.
 * https://github.com/huggingface/diffusers/blob/main/src/diffusers/models/autoencoders/autoencoder_kl.py
 */
export function buildVaeDecoder(folder: string, target: Device, moments: Moments = 'own') {
  const { component, config, graph, op, root } = open(folder, target, 'vae.decoder');
  const w = root.at('decoder');
  const { widths, layersPerBlock, groups } = config;
  const { norm, tell } = groupNorms(op, groups, 2 * widths.length * (layersPerBlock + 1), moments);
  const latents = graph.input('latents', 'float32', ['B', config.latentChannels, 'h', 'w']);
  let x = op.add(op.div(latents, op.scalar(config.scalingFactor)), op.scalar(config.shiftFactor));
  if (config.postQuantConv) x = conv(root.at('post_quant_conv'), x, config.latentChannels, { kernel: 1 });
  x = op.within('conv_in', () => conv(w.at('conv_in'), x, widths.at(-1)!));
  x = op.within('mid_block', () => middle(w.at('mid_block'), x, norm));
  widths.toReversed().forEach((width, level) => {
    x = op.within(`up_blocks.${level}`, () => {
      const block = w.at(`up_blocks.${level}`);
      let h = x;
      for (let i = 0; i <= layersPerBlock; i++)
        h = op.within(`resnets.${i}`, () => resnet(block.at(`resnets.${i}`), h, width, norm));
      if (level === widths.length - 1) return h;
      const doubled = op.resizeNearest(h, [h.shape[0]!, width, ...scaledSize('h', 'w', '*', level + 1)]);
      return op.within('upsamplers.0', () => conv(block.at('upsamplers.0.conv'), doubled, width));
    });
  });
  x = op.silu(op.within('conv_norm_out', () => norm(w.at('conv_norm_out'), x)));
  graph.output(
    'decoded',
    op.within('conv_out', () => conv(w.at('conv_out'), x, 3)),
  );
  tell();
  return { component, config, graph };
}

/**
 * Its encoder: `image` float32 [B, 3, H, W] of −1 … 1 → `mean` and `logvar` float32 [B, 16, H/8, W/8] of the posterior, before
 * scaling.
 */
export function buildVaeEncoder(folder: string, target: Device, moments: Moments = 'own') {
  const { component, config, graph, op, root } = open(folder, target, 'vae.encoder');
  const w = root.at('encoder');
  const { widths, layersPerBlock, groups } = config;
  const { norm, tell } = groupNorms(op, groups, 2 * widths.length * layersPerBlock, moments);
  let x = graph.input('image', 'float32', ['B', 3, 'H', 'W']);
  x = op.within('conv_in', () => conv(w.at('conv_in'), x, widths[0]!));
  widths.forEach((width, level) => {
    x = op.within(`down_blocks.${level}`, () => {
      const block = w.at(`down_blocks.${level}`);
      let h = x;
      for (let i = 0; i < layersPerBlock; i++)
        h = op.within(`resnets.${i}`, () => resnet(block.at(`resnets.${i}`), h, width, norm));
      if (level === widths.length - 1) return h;
      // The reference pads right and bottom only.
      const halved = { stride: 2, pads: [0, 0, 1, 1], size: scaledSize('H', 'W', '/', level + 1) } as const;
      return op.within('downsamplers.0', () => conv(block.at('downsamplers.0.conv'), h, width, halved));
    });
  });
  x = op.within('mid_block', () => middle(w.at('mid_block'), x, norm));
  x = op.silu(op.within('conv_norm_out', () => norm(w.at('conv_norm_out'), x)));
  x = op.within('conv_out', () => conv(w.at('conv_out'), x, 2 * config.latentChannels));
  if (config.quantConv) x = conv(root.at('quant_conv'), x, 2 * config.latentChannels, { kernel: 1 });
  const [mean, logvar] = op.split(x, 2, 1);
  graph.output('mean', mean!);
  graph.output('logvar', logvar!);
  tell();
  return { component, config, graph };
}

/** The group norms of a coder with so many in the blocks of its levels; `tell` makes their moments an output, where they are measured. */
function groupNorms(op: Ops, groups: number, ofLevels: number, moments: Moments) {
  // Five in the middle and one before the last convolution.
  const count = ofLevels + 6;
  const measured: Value[] = [];
  const normalize =
    moments === 'own'
      ? byItself(EPS)
      : moments === 'given'
        ? givenMoments(op, count, groups)
        : measuredMoments(measured, EPS);
  const norm: Norm = (w, x) => groupNorm(w, x, groups, normalize);
  return {
    norm,
    tell() {
      if (measured.length > 0) op.graph.output('moments', op.concat(measured, 1, count * groups));
    },
  };
}

/** x + conv(silu(norm(conv(silu(norm(x)))))), with a 1×1 convolution on x where the width changes. */
function resnet(w: Weights, x: Value, width: number, norm: Norm): Value {
  const { op } = w;
  const half = (i: 1 | 2, h: Value) =>
    op.within(`conv${i}`, () => conv(w.at(`conv${i}`), op.silu(norm(w.at(`norm${i}`), h)), width));
  const shortcut =
    x.shape[1] === width ? x : op.within('conv_shortcut', () => conv(w.at('conv_shortcut'), x, width, { kernel: 1 }));
  return op.add(shortcut, half(2, half(1, x)));
}

function middle(w: Weights, x: Value, norm: Norm): Value {
  const { op } = w;
  const width = x.shape[1] as number;
  const first = op.within('resnets.0', () => resnet(w.at('resnets.0'), x, width, norm));
  const mixed = op.within('attentions.0', () => attention(w.at('attentions.0'), first, norm));
  return op.within('resnets.1', () => resnet(w.at('resnets.1'), mixed, width, norm));
}

/** One head of attention over all positions of x [B, C, H, W], around which x is added. */
function attention(w: Weights, x: Value, norm: Norm): Value {
  const { op } = w;
  const [batch, channels] = x.shape as [string, number];
  const normed = norm(w.at('group_norm'), x);
  const rows = op.reshape(normed, op.integers(0, channels, -1), [batch, channels, 'positions']);
  const tokens = op.transpose(rows, [0, 2, 1]);
  const project = (name: string, h: Value) => op.within(name, () => linear(w.at(name), h, channels, { bias: true }));
  const mixed = op.attention(project('to_q', tokens), project('to_k', tokens), project('to_v', tokens), 1);
  const back = op.transpose(project('to_out.0', mixed), [0, 2, 1]);
  return op.add(x, op.reshape(back, op.sizes(x, 0, 4), x.shape));
}

function open(folder: string, target: Device, name: string) {
  const component = openComponent(folder);
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
