import { openComponent } from '../checkpoint.js';
import { number } from '../config.js';
import { type Dim, Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { Weights } from '../weights.js';

function conv(w: Weights, x: Value, out: number, o: { stride?: number; hw?: [Dim, Dim] } = {}): Value {
  const [b, c, hh, ww] = x.shape as [string, number, Dim, Dim];
  return w.op.conv(x, w.get('weight', [out, c, 3, 3]), w.optional('bias', [out]), [b, out, ...(o.hw ?? [hh, ww])], {
    stride: o.stride ?? 1,
  });
}
function block(w: Weights, x: Value): Value {
  const { op } = w;
  const c = x.shape[1] as number;
  const h = conv(w.at('conv.4'), op.relu(conv(w.at('conv.2'), op.relu(conv(w.at('conv.0'), x, c)), c)), c);
  return op.relu(op.add(h, x));
}
export function buildTinyDecoder(folder: string) {
  const component = openComponent(folder);
  const c = component.config;
  const widths = c.decoder_block_out_channels as number[],
    blocks = c.num_decoder_blocks as number[];
  const g = new Graph('tiny.decoder'),
    op = new Ops(g),
    w = new Weights(op, component).at('decoder.layers');
  const latents = g.input('latents', 'float32', ['B', number(c, 'latent_channels'), 'h', 'w']);
  let layer = 0;
  const next = <T>(make: (w: Weights) => T): T => {
    const name = String(layer++);
    return op.within(`layers.${name}`, () => make(w.at(name)));
  };
  const three = op.scalar(number(c, 'latent_magnitude'));
  let x = op.mul(op.tanh(op.div(latents, three)), three);
  x = op.relu(next((l) => conv(l, x, widths[0]!)));
  layer++;
  blocks.forEach((count, i) => {
    for (let j = 0; j < count; j++) x = next((l) => block(l, x));
    const last = i === blocks.length - 1;
    if (!last) {
      x = op.resizeNearest(x, [x.shape[0]!, widths[i]!, `h*${2 ** (i + 1)}`, `w*${2 ** (i + 1)}`]);
      layer++;
    }
    x = next((l) => conv(l, x, last ? 3 : widths[i]!));
  });
  g.output('decoded', op.sub(op.mul(x, op.scalar(2)), op.scalar(1)));
  return { component, graph: g };
}
export function buildTinyEncoder(folder: string) {
  const component = openComponent(folder);
  const c = component.config;
  const widths = c.encoder_block_out_channels as number[],
    blocks = c.num_encoder_blocks as number[];
  const g = new Graph('tiny.encoder'),
    op = new Ops(g),
    w = new Weights(op, component).at('encoder.layers');
  const image = g.input('image', 'float32', ['B', 3, 'H', 'W']);
  let layer = 0;
  const next = <T>(make: (w: Weights) => T): T => {
    const name = String(layer++);
    return op.within(`layers.${name}`, () => make(w.at(name)));
  };
  let x = op.mul(op.add(image, op.scalar(1)), op.scalar(0.5));
  blocks.forEach((count, i) => {
    x = next((l) => conv(l, x, widths[i]!, i === 0 ? {} : { stride: 2, hw: [`H/${2 ** i}`, `W/${2 ** i}`] }));
    for (let j = 0; j < count; j++) x = next((l) => block(l, x));
  });
  g.output(
    'latents',
    next((l) => conv(l, x, number(c, 'latent_channels'))),
  );
  return { component, graph: g };
}
