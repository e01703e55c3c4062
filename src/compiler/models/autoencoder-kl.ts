import { type Built, type CompileOptions, finished } from '../compiled.js';
import { conv, scaledSize } from '../nn/conv.js';
import { groupNorm, localStats } from '../nn/group-norm.js';
import type { Value } from '../onnx/graph.js';
import type { Weights } from '../weights.js';
import {
  attention,
  coderEnd,
  decoderStart,
  EPS,
  encoderEnd,
  type Norm,
  openVae,
  resnetHalf,
  shortcut,
  type VaeConfig,
} from './autoencoder-kl-parts.js';

/**
 * AutoencoderKL's decoder with FLUX's structure: `latents` float32 [B, 16, h, w] as the diffusion model has them → `decoded` float32
 * [B, 3, 8h, 8w], about −1 … 1, not clamped.
 * https://github.com/huggingface/diffusers/blob/main/src/diffusers/models/autoencoders/autoencoder_kl.py
 *
 * @throws CheckpointError
 */
export function buildDecoder(location: string, { target }: CompileOptions): Built<VaeConfig> {
  const { component, config, graph, op, root } = openVae(location, target, 'vae.decoder');
  const w = root.at('decoder');
  const { widths, layersPerBlock } = config;
  const norm = localNorm(config.groups);
  const latents = graph.input('latents', 'float32', ['B', config.latentChannels, 'h', 'w']);
  let x = decoderStart(root, latents, config);
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
  graph.output('decoded', coderEnd(w, x, 3, norm));
  return { component, config, graph };
}

/** @throws CheckpointError */
export const compileDecoder = (location: string, options: CompileOptions) => finished(buildDecoder(location, options));

/**
 * Its encoder: `image` float32 [B, 3, H, W] of −1 … 1 → `mean` and `logvar` float32 [B, 16, H/8, W/8] of the posterior, before
 * scaling.
 *
 * @throws CheckpointError
 */
export function buildEncoder(location: string, { target }: CompileOptions): Built<VaeConfig> {
  const { component, config, graph, op, root } = openVae(location, target, 'vae.encoder');
  const w = root.at('encoder');
  const { widths, layersPerBlock } = config;
  const norm = localNorm(config.groups);
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
  const [mean, logvar] = op.split(encoderEnd(root, x, config, norm), 2, 1);
  graph.output('mean', mean!);
  graph.output('logvar', logvar!);
  return { component, config, graph };
}

/** @throws CheckpointError */
export const compileEncoder = (location: string, options: CompileOptions) => finished(buildEncoder(location, options));

/** Each group by its own mean and variance. */
function localNorm(groups: number): Norm {
  return (w, x) => groupNorm(w, x, groups, localStats(EPS));
}

/** x + conv(silu(norm(conv(silu(norm(x)))))), with a 1×1 convolution on x where the width changes. */
function resnet(w: Weights, x: Value, width: number, norm: Norm): Value {
  return w.op.add(shortcut(w, x, width), resnetHalf(w, 2, resnetHalf(w, 1, x, width, norm), width, norm));
}

function middle(w: Weights, x: Value, norm: Norm): Value {
  const { op } = w;
  const width = x.shape[1] as number;
  const first = op.within('resnets.0', () => resnet(w.at('resnets.0'), x, width, norm));
  const mixed = op.within('attentions.0', () => attention(w.at('attentions.0'), first, norm));
  return op.within('resnets.1', () => resnet(w.at('resnets.1'), mixed, width, norm));
}
