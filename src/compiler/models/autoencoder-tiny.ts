import { Config } from '../../checkpoint/config.js';
import { open } from '../../checkpoint/open.js';
import type { Device } from '../../domain/device.js';
import { type Built, type CompileOptions, finished } from '../compiled.js';
import { conv, scaledSize } from '../nn/conv.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { targets } from '../targets/index.js';
import { Weights } from '../weights.js';

/** Three times halved, so that a latent's cell is 8 pixels wide. */
const LEVELS = 4;

export interface TinyAutoencoderConfig {
  readonly encoderWidths: readonly number[];
  readonly encoderBlocks: readonly number[];
  readonly decoderWidths: readonly number[];
  readonly decoderBlocks: readonly number[];
  readonly latentChannels: number;
  readonly latentMagnitude: number;
}

/**
 * AutoencoderTiny's decoder (TAEF1): `latents` float32 [B, 16, h, w] as the diffusion model has them → `decoded` float32
 * [B, 3, 8h, 8w] of −1 … 1. Quick and rough, for previews.
 * https://github.com/huggingface/diffusers/blob/main/src/diffusers/models/autoencoders/vae.py
 *
 * @throws CheckpointError
 */
export function buildDecoder(location: string, { target }: CompileOptions): Built<TinyAutoencoderConfig> {
  const { component, config, graph, op, next } = openPart(location, target, 'decoder');
  const latents = graph.input('latents', 'float32', ['B', config.latentChannels, 'h', 'w']);
  const magnitude = op.scalar(config.latentMagnitude);
  let x = op.mul(op.tanh(op.div(latents, magnitude)), magnitude);
  x = op.relu(next((w) => conv(w, x, config.decoderWidths[0]!)));
  next(() => null); // the activation counts as a layer in the checkpoint's names
  config.decoderBlocks.forEach((blocks, level) => {
    const width = config.decoderWidths[level]!;
    for (let i = 0; i < blocks; i++) x = next((w) => block(w, x));
    const last = level === config.decoderBlocks.length - 1;
    if (!last) x = next(() => op.resizeNearest(x, [x.shape[0]!, width, ...scaledSize('h', 'w', '*', level + 1)]));
    x = next((w) => conv(w, x, last ? 3 : width, { bias: last }));
  });
  graph.output('decoded', op.sub(op.mul(x, op.scalar(2)), op.scalar(1)));
  return { component, config, graph };
}

/** @throws CheckpointError */
export const compileDecoder = (location: string, options: CompileOptions) => finished(buildDecoder(location, options));

/** Its encoder: `image` float32 [B, 3, H, W] of −1 … 1 → `latents` float32 [B, 16, H/8, W/8]. @throws CheckpointError */
export function buildEncoder(location: string, { target }: CompileOptions): Built<TinyAutoencoderConfig> {
  const { component, config, graph, op, next } = openPart(location, target, 'encoder');
  const image = graph.input('image', 'float32', ['B', 3, 'H', 'W']);
  let x = op.mul(op.add(image, op.scalar(1)), op.scalar(0.5));
  config.encoderBlocks.forEach((blocks, level) => {
    const size = scaledSize('H', 'W', '/', level);
    x = next((w) => conv(w, x, config.encoderWidths[level]!, level === 0 ? {} : { stride: 2, size, bias: false }));
    for (let i = 0; i < blocks; i++) x = next((w) => block(w, x));
  });
  graph.output(
    'latents',
    next((w) => conv(w, x, config.latentChannels)),
  );
  return { component, config, graph };
}

/** @throws CheckpointError */
export const compileEncoder = (location: string, options: CompileOptions) => finished(buildEncoder(location, options));

/** relu(x + conv(relu(conv(relu(conv(x)))))). */
function block(w: Weights, x: Value): Value {
  const { op } = w;
  const width = x.shape[1] as number;
  const first = op.relu(conv(w.at('conv.0'), x, width));
  const second = op.relu(conv(w.at('conv.2'), first, width));
  return op.relu(op.add(conv(w.at('conv.4'), second, width), x));
}

function openPart(location: string, target: Device, part: 'encoder' | 'decoder') {
  const component = open(location);
  const config = readConfig(Config.of(component));
  const graph = new Graph(`tiny.${part}`);
  const op = new Ops(graph, targets[target].autoencoder);
  const layers = new Weights(op, component).at(`${part}.layers`);
  let index = 0;
  /** Makes the next layer; the checkpoint numbers them as they come. */
  const next = <T>(make: (w: Weights) => T): T => {
    const name = String(index++);
    return op.within(`layers.${name}`, () => make(layers.at(name)));
  };
  return { component, config, graph, op, next };
}

function readConfig(config: Config): TinyAutoencoderConfig {
  config.class('AutoencoderTiny');
  config.known('act_fn', 'relu');
  config.known('upsample_fn', 'nearest');
  config.known('upsampling_scaling_factor', 2);
  config.known('scaling_factor', 1);
  config.known('shift_factor', 0);
  return {
    encoderWidths: config.sizes('encoder_block_out_channels', LEVELS),
    encoderBlocks: config.sizes('num_encoder_blocks', LEVELS),
    decoderWidths: config.sizes('decoder_block_out_channels', LEVELS),
    decoderBlocks: config.sizes('num_decoder_blocks', LEVELS),
    latentChannels: config.size('latent_channels'),
    latentMagnitude: config.positive('latent_magnitude'),
  };
}
