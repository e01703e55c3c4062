import { openComponent } from '../checkpoint.js';
import { number } from '../config.js';
import { type Dim, Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { Weights } from '../weights.js';

const EPS = 1e-6;
function conv(
  w: Weights,
  x: Value,
  out: number,
  kernel = 3,
  o: { stride?: number; pads?: number[]; hw?: [Dim, Dim] } = {},
): Value {
  const [b, c, hh, ww] = x.shape as [string, number, Dim, Dim];
  const [oh, ow] = o.hw ?? [hh, ww];
  const p = (kernel - 1) / 2;
  return w.op.conv(x, w.get('weight', [out, c, kernel, kernel]), w.get('bias', [out]), [b, out, oh, ow], {
    stride: o.stride ?? 1,
    pads: o.pads ?? [p, p, p, p],
  });
}
function groupNorm(w: Weights, x: Value, groups: number): Value {
  const c = x.shape[1] as number;
  return w.op.groupNorm(x, groups, w.get('weight', [c]), w.get('bias', [c]), EPS);
}
function resnet(w: Weights, x: Value, out: number, groups: number): Value {
  const { op } = w;
  let h = op.within('conv1', () => conv(w.at('conv1'), op.silu(groupNorm(w.at('norm1'), x, groups)), out));
  h = op.within('conv2', () => conv(w.at('conv2'), op.silu(groupNorm(w.at('norm2'), h, groups)), out));
  return op.add(x.shape[1] === out ? x : conv(w.at('conv_shortcut'), x, out, 1), h);
}
function attention(w: Weights, x: Value, groups: number): Value {
  const { op } = w;
  const [b, c, hh, ww] = x.shape as [string, number, Dim, Dim];
  const rows = op.reshape(groupNorm(w.at('group_norm'), x, groups), op.integers(0, c, -1), [b, c, 'HW']);
  const tokens = op.transpose(rows, [0, 2, 1]);
  const project = (name: string, t: Value) => {
    const y = op.gemm(op.flatten(t), w.at(name).get('weight', [c, c]), w.at(name).get('bias', [c]));
    return op.reshape(y, op.sizes(t, 0, 3), [b, 'HW', c]);
  };
  const a = op.attention(project('to_q', tokens), project('to_k', tokens), project('to_v', tokens), 1);
  return op.add(x, op.reshape(op.transpose(project('to_out.0', a), [0, 2, 1]), op.sizes(x, 0, 4), [b, c, hh, ww]));
}
function mid(w: Weights, x: Value, groups: number): Value {
  const { op } = w;
  const c = x.shape[1] as number;
  x = op.within('resnets.0', () => resnet(w.at('resnets.0'), x, c, groups));
  x = op.within('attentions.0', () => attention(w.at('attentions.0'), x, groups));
  return op.within('resnets.1', () => resnet(w.at('resnets.1'), x, c, groups));
}
export function buildVaeDecoder(folder: string) {
  const component = openComponent(folder);
  const c = component.config;
  const widths = c.block_out_channels as number[],
    perBlock = number(c, 'layers_per_block'),
    groups = number(c, 'norm_num_groups');
  const g = new Graph('vae.decoder'),
    op = new Ops(g),
    w = new Weights(op, component).at('decoder');
  const latents = g.input('latents', 'float32', ['B', 16, 'h', 'w']);
  let x = op.add(op.div(latents, op.scalar(number(c, 'scaling_factor'))), op.scalar(number(c, 'shift_factor')));
  x = op.within('conv_in', () => conv(w.at('conv_in'), x, widths.at(-1)!));
  x = op.within('mid_block', () => mid(w.at('mid_block'), x, groups));
  const reversed = [...widths].reverse();
  reversed.forEach((width, i) =>
    op.within(`up_blocks.${i}`, () => {
      const u = w.at(`up_blocks.${i}`);
      for (let j = 0; j <= perBlock; j++)
        x = op.within(`resnets.${j}`, () => resnet(u.at(`resnets.${j}`), x, width, groups));
      if (i < reversed.length - 1) {
        const hw: [Dim, Dim] = [`h*${2 ** (i + 1)}`, `w*${2 ** (i + 1)}`];
        x = op.within('upsamplers.0', () =>
          conv(u.at('upsamplers.0.conv'), op.resizeNearest(x, [x.shape[0]!, width, ...hw]), width),
        );
      }
    }),
  );
  x = op.silu(groupNorm(w.at('conv_norm_out'), x, groups));
  g.output(
    'decoded',
    op.within('conv_out', () => conv(w.at('conv_out'), x, 3)),
  );
  return { component, graph: g };
}
export function buildVaeEncoder(folder: string) {
  const component = openComponent(folder);
  const c = component.config;
  const widths = c.block_out_channels as number[],
    perBlock = number(c, 'layers_per_block'),
    groups = number(c, 'norm_num_groups');
  const g = new Graph('vae.encoder'),
    op = new Ops(g),
    w = new Weights(op, component).at('encoder');
  let x = g.input('image', 'float32', ['B', 3, 'H', 'W']);
  x = op.within('conv_in', () => conv(w.at('conv_in'), x, widths[0]!));
  widths.forEach((width, i) =>
    op.within(`down_blocks.${i}`, () => {
      const d = w.at(`down_blocks.${i}`);
      for (let j = 0; j < perBlock; j++)
        x = op.within(`resnets.${j}`, () => resnet(d.at(`resnets.${j}`), x, width, groups));
      if (i < widths.length - 1)
        x = op.within('downsamplers.0', () =>
          conv(d.at('downsamplers.0.conv'), x, width, 3, {
            stride: 2,
            pads: [0, 0, 1, 1],
            hw: [`H/${2 ** (i + 1)}`, `W/${2 ** (i + 1)}`],
          }),
        );
    }),
  );
  x = op.within('mid_block', () => mid(w.at('mid_block'), x, groups));
  x = op.silu(groupNorm(w.at('conv_norm_out'), x, groups));
  const [mean, logvar] = op.split(
    op.within('conv_out', () => conv(w.at('conv_out'), x, 32)),
    2,
    1,
  ) as [Value, Value];
  g.output('mean', mean);
  g.output('logvar', logvar);
  return { component, graph: g };
}
