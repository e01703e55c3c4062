import type { Component } from '../../checkpoint/component.js';
import type { Device } from '../../domain/device.js';
import { type CompiledGraph, type CompileOptions, compiled } from '../compiled.js';
import { conv, scaledSize } from '../nn/conv.js';
import { fixedStats, groupNorm } from '../nn/group-norm.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { targets } from '../targets/index.js';
import { Weights } from '../weights.js';
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
 * One step of a coder, from the values before a group norm to those before the next, as a graph that computes any rows of them:
 * `rows` float32 [1, C, H, W] → `out` [1, C', scale·H, scale·W]. Its convolutions see nothing beyond the rows that they are given, so
 * the rows at their edges are right only where the image ends too.
 */
interface RowStep {
  readonly graph: Graph;
  /** Rows of the result for each that goes in. */
  readonly scale: 0.5 | 1 | 2;
  /** Rows above and below that a convolution reaches. */
  readonly reach: { readonly above: number; readonly below: number };
  /** The first thing that it does is a group norm, by the statistics of the whole: `factor` and `offset` [1, G, 1] of x·factor + offset. */
  readonly norm: { readonly groups: number; readonly eps: number } | null;
  /** `keep`: what goes in is needed again. `add`: it is now, as `kept` [1, C″, H, W]. */
  readonly residual: 'none' | 'keep' | 'add';
  /** Whether it is also given the whole of what goes in, as `all`. */
  readonly seesAll: boolean;
}

/** A step of a coder that is computed some rows at a time. */
export type CompiledRowStep = CompiledGraph & Omit<RowStep, 'graph'>;

/** Half of an AutoencoderKL in steps, for images whose values do not fit into memory at once. @throws CheckpointError */
export function compileRows(
  half: 'decoder' | 'encoder',
  location: string,
  { target }: CompileOptions,
): readonly CompiledRowStep[] {
  const { component, steps } = (half === 'decoder' ? decoderSteps : encoderSteps)(location, target);
  return steps.map(({ graph, ...step }) => Object.assign(compiled(graph, component), step));
}

type Shape = Partial<Pick<RowStep, 'scale' | 'reach' | 'residual' | 'seesAll'>> & { readonly isNormed?: boolean };

/** The decoder in steps, from `latents` to `decoded`. */
function decoderSteps(location: string, target: Device) {
  const { component, config } = openVae(location, target, 'vae.decoder');
  const { widths, layersPerBlock, latentChannels } = config;
  const { step, resnet, middle } = steps(component, config, target);
  const inner = widths.at(-1)!;
  let channels = inner;
  const levels = widths.toReversed().flatMap((width, level) => {
    const block = `decoder.up_blocks.${level}`;
    const resnets = Array.from({ length: layersPerBlock + 1 }, (_, i) => {
      const both = resnet(`${block}.resnets.${i}`, channels, width);
      channels = width;
      return both;
    }).flat();
    if (level === widths.length - 1) return resnets;
    const double = step(`${block}.upsamplers.0`, width, { scale: 2 }, (root, x) => {
      const doubled = root.op.resizeNearest(x, [1, width, ...scaledSize('H', 'W', '*', 1)]);
      return conv(root.at(`${block}.upsamplers.0.conv`), doubled, width);
    });
    return [...resnets, double];
  });
  return {
    component,
    steps: [
      step('decoder.conv_in', latentChannels, {}, (root, x) => decoderStart(root, x, config)),
      ...middle('decoder.mid_block', inner),
      ...levels,
      step('decoder.conv_out', channels, { isNormed: true }, (root, x, norm) =>
        coderEnd(root.at('decoder'), x, 3, norm),
      ),
    ],
  };
}

/** The encoder in steps, from `image` to mean and logarithm of the variance, joined along the channels. */
function encoderSteps(location: string, target: Device) {
  const { component, config } = openVae(location, target, 'vae.encoder');
  const { widths, layersPerBlock } = config;
  const { step, resnet, middle } = steps(component, config, target);
  const [outer, inner] = [widths[0]!, widths.at(-1)!];
  let channels = outer;
  const levels = widths.flatMap((width, level) => {
    const block = `encoder.down_blocks.${level}`;
    const resnets = Array.from({ length: layersPerBlock }, (_, i) => {
      const both = resnet(`${block}.resnets.${i}`, channels, width);
      channels = width;
      return both;
    }).flat();
    if (level === widths.length - 1) return resnets;
    const shape = { scale: 0.5, reach: { above: 0, below: 1 } } as const;
    const halve = step(`${block}.downsamplers.0`, width, shape, (root, x) => {
      const size = scaledSize('H', 'W', '/', 1);
      return conv(root.at(`${block}.downsamplers.0.conv`), x, width, { stride: 2, pads: [0, 0, 1, 1], size });
    });
    return [...resnets, halve];
  });
  return {
    component,
    steps: [
      step('encoder.conv_in', 3, {}, (root, x) => conv(root.at('encoder.conv_in'), x, outer)),
      ...levels,
      ...middle('encoder.mid_block', inner),
      step('encoder.conv_out', inner, { isNormed: true }, (root, x, norm) => encoderEnd(root, x, config, norm)),
    ],
  };
}

function steps(component: Component, { groups }: VaeConfig, target: Device) {
  function step(
    name: string,
    channels: number,
    { scale = 1, reach = { above: 1, below: 1 }, residual = 'none', seesAll = false, isNormed = false }: Shape,
    build: (root: Weights, rows: Value, norm: Norm) => Value,
  ): RowStep {
    const graph = new Graph(`vae.${name}`);
    const op = new Ops(graph, targets[target].autoencoder);
    const rows = graph.input('rows', 'float32', [1, channels, 'H', 'W']);
    const stats = isNormed ? fixedStats(op, groups) : null;
    const norm: Norm = (w, x) => groupNorm(w, x, groups, stats!);
    graph.output('out', build(new Weights(op, component), rows, norm));
    return { graph, scale, reach, residual, seesAll, norm: isNormed ? { groups, eps: EPS } : null };
  }

  function resnet(name: string, channels: number, width: number): RowStep[] {
    return [
      step(`${name}.conv1`, channels, { isNormed: true, residual: 'keep' }, (root, x, norm) =>
        resnetHalf(root.at(name), 1, x, width, norm),
      ),
      step(`${name}.conv2`, width, { isNormed: true, residual: 'add' }, (root, x, norm) => {
        const kept = root.op.graph.input('kept', 'float32', [1, channels, 'H', 'W']);
        return root.op.add(shortcut(root.at(name), kept, width), resnetHalf(root.at(name), 2, x, width, norm));
      }),
    ];
  }

  function middle(name: string, width: number): RowStep[] {
    const shape = { isNormed: true, seesAll: true, reach: { above: 0, below: 0 } };
    const mix = step(`${name}.attentions.0`, width, shape, (root, x, norm) => {
      const all = root.op.graph.input('all', 'float32', [1, width, 'H of all', 'W']);
      return attention(root.at(`${name}.attentions.0`), x, norm, all);
    });
    return [...resnet(`${name}.resnets.0`, width, width), mix, ...resnet(`${name}.resnets.1`, width, width)];
  }

  return { step, resnet, middle };
}
