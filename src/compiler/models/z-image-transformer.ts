import { openComponent } from '../checkpoint.js';
import { number } from '../config.js';
import { linear } from '../nn/linear.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import { Weights } from '../weights.js';

interface Shape {
  dim: number;
  heads: number;
  headDim: number;
  inner: number;
  ada: number;
  eps: number;
}
interface Rope {
  positions: Value;
  cos: Value;
  sin: Value;
}
const MULTIPLE = 32;

/** Everything that the steps share: the caption's rows, the rotary tables, the mask. */
export function buildTransformer(folder: string, { masked = false, debug = false } = {}) {
  const component = openComponent(folder);
  const c = component.config;
  const dim = number(c, 'dim'),
    heads = number(c, 'n_heads'),
    layers = number(c, 'n_layers'),
    refiners = number(c, 'n_refiner_layers');
  const axes = c.axes_dims as number[],
    lens = c.axes_lens as number[],
    theta = number(c, 'rope_theta');
  const capDim = number(c, 'cap_feat_dim'),
    eps = number(c, 'norm_eps');
  const headDim = dim / heads;
  const s: Shape = { dim, heads, headDim, inner: Math.floor((dim / 3) * 8), ada: Math.min(dim, 256), eps };

  // ---------------------------------------------------------------- prepare
  const pg = new Graph('transformer.prepare');
  {
    const op = new Ops(pg),
      w = new Weights(op, component);
    const caption = pg.input('caption', 'float32', ['B', 'L', capDim]);
    const lengths = pg.input('caption_lengths', 'int64', ['B']);
    const size = pg.input('latent_size', 'int64', [2]);
    const none = pg.constant(new BigInt64Array(0), [0], 'none');
    const scalar = (x: Value) => op.reshape(x, none, []);
    const roundUp = (x: Value) =>
      op.mul(
        op.div(op.add(x, op.scalar(MULTIPLE - 1, 'int64')), op.scalar(MULTIPLE, 'int64')),
        op.scalar(MULTIPLE, 'int64'),
      );
    const batch = op.sizes(caption, 0, 1);
    const L = scalar(op.sizes(caption, 1, 2)),
      L32 = roundUp(L);
    const rowIds = op.range(L32, 'L32');
    // rows
    const normed = op.rmsNorm(caption, w.at('cap_embedder.0').get('weight', [capDim]), 1e-5);
    const embedded = op.within('cap_embedder', () => linear(w.at('cap_embedder.1'), normed, dim, { bias: true }));
    const padToken = op.reshape(w.get('cap_pad_token', [1, dim]), op.integers(1, 1, dim), [1, 1, dim]);
    const missing = op.reshape(op.sub(L32, L), op.integers(1), [1]);
    const tail = op.expand(padToken, op.concat([batch, missing, op.integers(dim)], 0, 3), ['B', 'Lpad', dim]);
    const full = op.concat([embedded, tail], 1, 'L32');
    const real = op.unsqueeze(op.less(op.unsqueeze(rowIds, 0), op.unsqueeze(lengths, 1)), 2);
    let rows = op.where(real, full, padToken);
    // positions
    const own32 = roundUp(lengths); // [B]
    const half = op.div(size, op.integers(2));
    const th = scalar(op.slice(half, op.integers(0), op.integers(1), 0, 1)),
      tw = scalar(op.slice(half, op.integers(1), op.integers(2), 0, 1));
    const T = op.mul(th, tw),
      T32 = roundUp(T);
    const tokenIds = op.range(T32, 'T32');
    const isToken = op.less(tokenIds, T);
    const zero = op.scalar(0, 'int64');
    const r = op.where(isToken, op.div(tokenIds, tw), zero);
    const col = op.where(isToken, op.sub(tokenIds, op.mul(op.div(tokenIds, tw), tw)), zero);
    const frame = op.where(op.unsqueeze(isToken, 0), op.unsqueeze(op.add(own32, op.scalar(1, 'int64')), 1), zero); // [B,T32]
    const capFrame = op.expand(
      op.unsqueeze(op.add(rowIds, op.scalar(1, 'int64')), 0),
      op.concat([batch, op.reshape(L32, op.integers(1), [1])], 0, 2),
      ['B', 'L32'],
    );
    const bt = op.concat([batch, op.reshape(T32, op.integers(1), [1])], 0, 2);
    const capZero = op.mul(capFrame, zero);
    const ids = [
      op.concat([frame, capFrame], 1, 'S'),
      op.concat([op.expand(op.unsqueeze(r, 0), bt, ['B', 'T32']), capZero], 1, 'S'),
      op.concat([op.expand(op.unsqueeze(col, 0), bt, ['B', 'T32']), capZero], 1, 'S'),
    ];
    const table = (fn: (x: number) => number, axis: number) => {
      const d = axes[axis]!,
        n = lens[axis]!;
      const data = new Float32Array(n * (d / 2));
      for (let p = 0; p < n; p++)
        for (let i = 0; i < d / 2; i++) data[p * (d / 2) + i] = fn(Math.fround(p * theta ** ((-2 * i) / d)));
      return pg.constant(data, [n, d / 2], `rope.${axis}`);
    };
    const tables = (fn: (x: number) => number) =>
      op.reshape(
        op.concat(
          ids.map((id, axis) => op.gather(table(fn, axis), id)),
          2,
          headDim / 2,
        ),
        op.integers(-1, headDim / 2),
        ['B*S', headDim / 2],
      );
    const cos = tables(Math.cos),
      sin = tables(Math.sin);
    const S = op.add(T32, L32);
    const base = op.unsqueeze(op.mul(op.range(scalar(batch), 'B'), S), 1);
    const positions = op.add(base, op.unsqueeze(op.range(S, 'S'), 0));
    const imagePositions = op.add(base, op.unsqueeze(tokenIds, 0));
    const captionPositions = op.add(base, op.unsqueeze(op.add(op.range(L32, 'L32'), T32), 0));
    let bias: Value | null = null,
      joint: Value | null = null;
    if (masked) {
      const visible = op.less(op.unsqueeze(rowIds, 0), op.unsqueeze(own32, 1)); // [B,L32]
      const add = op.where(visible, op.scalar(0), op.scalar(-1e30));
      bias = op.expand(
        op.unsqueeze(op.unsqueeze(add, 1), 1),
        op.concat([batch, op.integers(1), op.reshape(L32, op.integers(1), [1]), op.integers(1)], 0, 4),
        ['B', 1, 'L32', 'L32'],
      );
      const image = op.expand(op.scalar(0), bt, ['B', 'T32']);
      const all = op.concat([image, add], 1, 'S');
      joint = op.expand(
        op.unsqueeze(op.unsqueeze(all, 1), 1),
        op.concat([batch, op.integers(1), op.reshape(S, op.integers(1), [1]), op.integers(1)], 0, 4),
        ['B', 1, 'S', 'S'],
      );
    }
    if (debug) pg.output('cap_embedded', rows);
    for (let i = 0; i < refiners; i++) {
      rows = op.within(`context_refiner.${i}`, () =>
        block(w.at(`context_refiner.${i}`), s, rows, null, { positions: captionPositions, cos, sin }, bias),
      );
      if (debug) pg.output(`context_refiner.${i}`, rows);
    }
    pg.output('caption_rows', rows);
    pg.output('rope_cos', cos);
    pg.output('rope_sin', sin);
    pg.output('positions', positions);
    pg.output('image_positions', imagePositions);
    if (joint !== null) pg.output('attention_bias', joint);
  }

  // ------------------------------------------------------------------- step
  const g = new Graph('transformer.step');
  {
    const op = new Ops(g),
      w = new Weights(op, component);
    const latents = g.input('latents', 'float32', ['B', 16, 'h', 'w']);
    const tau = g.input('tau', 'float32', ['B']);
    const rows = g.input('caption_rows', 'float32', ['B', 'L32', dim]);
    const cos = g.input('rope_cos', 'float32', ['B*S', headDim / 2]),
      sin = g.input('rope_sin', 'float32', ['B*S', headDim / 2]);
    const positions = g.input('positions', 'int64', ['B', 'S']),
      imagePositions = g.input('image_positions', 'int64', ['B', 'T32']);
    const bias = masked ? g.input('attention_bias', 'float32', ['B', 1, 'S', 'S']) : null;
    // time
    const freqs = g.constant(
      Float32Array.from({ length: 128 }, (_, i) => Math.exp((-Math.log(10000) * i) / 128)),
      [1, 128],
      'frequencies',
    );
    const angles = op.mul(op.unsqueeze(op.mul(tau, op.scalar(1000)), 1), freqs);
    const time = op.within('t_embedder', () => {
      const e = op.concat([op.cos(angles), op.sin(angles)], 1, 256);
      return linear(
        w.at('t_embedder.mlp.2'),
        op.silu(linear(w.at('t_embedder.mlp.0'), e, 1024, { bias: true })),
        s.ada,
        { bias: true },
      );
    });
    if (debug) g.output('t_emb', time);
    // patchify
    const batch = op.sizes(latents, 0, 1),
      hw = op.div(op.sizes(latents, 2, 4), op.integers(2));
    const hh = op.slice(hw, op.integers(0), op.integers(1), 0, 1),
      ww = op.slice(hw, op.integers(1), op.integers(2), 0, 1);
    const T = op.mul(hh, ww);
    const patches = op.transpose(
      op.reshape(latents, op.concat([batch, op.integers(16), hh, op.integers(2), ww, op.integers(2)], 0, 6), [
        'B',
        16,
        'hh',
        2,
        'ww',
        2,
      ]),
      [0, 2, 4, 3, 5, 1],
    );
    const tokens = op.reshape(patches, op.concat([batch, T, op.integers(64)], 0, 3), ['B', 'T', 64]);
    const embedded = op.within('x_embedder', () => linear(w.at('all_x_embedder.2-1'), tokens, dim, { bias: true }));
    const T32 = op.sizes(imagePositions, 1, 2);
    const pad = op.expand(
      op.reshape(w.get('x_pad_token', [1, dim]), op.integers(1, 1, dim), [1, 1, dim]),
      op.concat([batch, op.sub(T32, T), op.integers(dim)], 0, 3),
      ['B', 'Tpad', dim],
    );
    let x = op.concat([embedded, pad], 1, 'T32');
    if (debug) g.output('x_embedded', embedded);
    for (let i = 0; i < refiners; i++) {
      x = op.within(`noise_refiner.${i}`, () =>
        block(w.at(`noise_refiner.${i}`), s, x, time, { positions: imagePositions, cos, sin }, null),
      );
      if (debug) g.output(`noise_refiner.${i}`, x);
    }
    x = op.concat([x, rows], 1, 'S');
    for (let i = 0; i < layers; i++) {
      x = op.within(`layers.${i}`, () => block(w.at(`layers.${i}`), s, x, time, { positions, cos, sin }, bias));
      if (debug) g.output(`layers.${i}`, x);
    }
    const final = w.at('all_final_layer.2-1');
    const output = op.within('final_layer', () => {
      const kept = debug ? x : op.slice(x, op.integers(0), T, 1, 'T');
      const scale = op.add(op.scalar(1), linear(final.at('adaLN_modulation.1'), op.silu(time), dim, { bias: true }));
      const ones = g.constant(new Float32Array(dim).fill(1), [dim], 'ones');
      return linear(final.at('linear'), op.mul(op.layerNorm(kept, ones, 1e-6), op.unsqueeze(scale, 1)), 64, {
        bias: true,
      });
    });
    if (debug) g.output('final_layer', output);
    const kept = debug ? op.slice(output, op.integers(0), T, 1, 'T') : output;
    const grid = op.reshape(kept, op.concat([batch, hw, op.integers(2, 2, 16)], 0, 6), ['B', 'hh', 'ww', 2, 2, 16]);
    g.output(
      'output',
      op.reshape(op.transpose(grid, [0, 5, 1, 3, 2, 4]), op.sizes(latents, 0, 4), ['B', 16, 'h', 'w']),
    );
  }
  return { component, prepare: pg, step: g };
}

function block(w: Weights, s: Shape, x: Value, time: Value | null, rope: Rope, bias: Value | null): Value {
  const { op } = w;
  const norm = (name: string, h: Value) => op.rmsNorm(h, w.at(name).get('weight', [s.dim]), s.eps);
  if (time === null) {
    x = op.add(x, norm('attention_norm2', attention(w.at('attention'), s, norm('attention_norm1', x), rope, bias)));
    return op.add(x, norm('ffn_norm2', swiglu(w.at('feed_forward'), s, norm('ffn_norm1', x))));
  }
  const modulation = op.unsqueeze(linear(w.at('adaLN_modulation.0'), time, 4 * s.dim, { bias: true }), 1);
  const [sAttn, gAttn, sMlp, gMlp] = op.split(modulation, 4, 2) as [Value, Value, Value, Value];
  const one = op.scalar(1);
  const attn = attention(w.at('attention'), s, op.mul(norm('attention_norm1', x), op.add(sAttn, one)), rope, bias);
  x = op.add(x, op.mul(norm('attention_norm2', attn), op.tanh(gAttn)));
  const mlp = swiglu(w.at('feed_forward'), s, op.mul(norm('ffn_norm1', x), op.add(sMlp, one)));
  return op.add(x, op.mul(norm('ffn_norm2', mlp), op.tanh(gMlp)));
}

function attention(w: Weights, s: Shape, x: Value, rope: Rope, bias: Value | null): Value {
  const { op } = w;
  const [batch, rows] = x.shape as [string, string];
  const bs = op.sizes(x, 0, 2);
  const headNorm = (name: string, h: Value) => {
    const split = op.reshape(h, op.concat([bs, op.integers(s.heads, s.headDim)], 0, 4), [
      batch,
      rows,
      s.heads,
      s.headDim,
    ]);
    return op.reshape(
      op.rmsNorm(split, w.at(name).get('weight', [s.headDim]), 1e-5),
      op.concat([bs, op.integers(s.dim)], 0, 3),
      [batch, rows, s.dim],
    );
  };
  const turned = (h: Value) => op.rotary(h, rope.positions, rope.cos, rope.sin, true);
  return op.within('attention', () => {
    const q = turned(headNorm('norm_q', linear(w.at('to_q'), x, s.dim)));
    const k = turned(headNorm('norm_k', linear(w.at('to_k'), x, s.dim)));
    const v = linear(w.at('to_v'), x, s.dim);
    return linear(w.at('to_out.0'), op.attention(q, k, v, s.heads, { bias }), s.dim);
  });
}

function swiglu(w: Weights, s: Shape, x: Value): Value {
  const { op } = w;
  return op.within('feed_forward', () =>
    linear(w.at('w2'), op.mul(op.silu(linear(w.at('w1'), x, s.inner)), linear(w.at('w3'), x, s.inner)), s.dim),
  );
}
