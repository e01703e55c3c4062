import type { Component } from '../../checkpoint/component.js';
import { PATCH } from '../../domain/latent.js';
import { linear } from '../nn/linear.js';
import { Graph, type Value } from '../onnx/graph.js';
import { Ops } from '../onnx/ops.js';
import type { Lowering } from '../targets/target.js';
import { Weights } from '../weights.js';
import { block } from './z-image-block.js';
import type { GraphOptions, TransformerConfig } from './z-image-config.js';
import { padUp } from './z-image-latents.js';
import { tablesAt } from './z-image-rope.js';

/** Of the norm before the caption's projection. */
const CAPTION_NORM_EPS = 1e-5;
/** Added to the scores of tokens that must not be seen: its exponential is 0 in every precision that attention runs in. */
const UNSEEN = -30_000;

/**
 * What the steps share, once a request.
 *
 * Takes `caption` float32 [B, L, C] (rows past an item's own length are ignored), `caption_lengths` int64 [B] and `latent_size`
 * int64 [2] (height, width). Gives `caption_rows` [B, L32, D], embedded, padded to a multiple of 32 and refined; the rotary tables
 * `rope_cos` and `rope_sin` [B·S, Dh/2] of the joint sequence (image, then caption) with `positions` [B, S] and `image_positions`
 * [B, T32] into them; and, when masked, `attention_bias` [B, 1, S, S], which hides the rows that an item has only because another's
 * caption is longer. (An item's own padding is attended, as in the reference.)
 */
export function buildPrepare(
  component: Component,
  config: TransformerConfig,
  lowering: Lowering,
  { masked, debug, ...weights }: GraphOptions,
) {
  const graph = new Graph('transformer.prepare');
  const op = new Ops(graph, lowering);
  const w = new Weights(op, component, weights);
  const caption = graph.input('caption', 'float32', ['B', 'L', config.captionDim]);
  const lengths = graph.input('caption_lengths', 'int64', ['B']);
  const size = graph.input('latent_size', 'int64', [2]);

  const batch = op.sizes(caption, 0, 1);
  const length = op.item(op.sizes(caption, 1, 2));
  const padded = padUp(op, length);
  const captionOrder = op.range(padded, 'L32');
  const own = padUp(op, lengths); // [B]: an item's caption with its own padding
  const image = imageTokens(op, size);
  const total = op.add(image.padded, padded);

  const { cos, sin } = op.within('rope', () => rotaryTables(op, config, { batch, own, captionOrder, image, total }));
  const first = op.unsqueeze(op.mul(op.range(op.item(batch), 'B'), total), 1); // [B, 1]: where an item's rows begin
  const positions = op.add(first, op.unsqueeze(op.range(total, 'S'), 0));
  const imagePositions = op.add(first, op.unsqueeze(image.order, 0));
  const captionPositions = op.add(first, op.unsqueeze(op.add(captionOrder, image.padded), 0));
  const seen = op.less(op.unsqueeze(captionOrder, 0), op.unsqueeze(own, 1)); // [B, L32]
  const rowBias = masked ? op.where(seen, op.scalar(0), op.scalar(UNSEEN)) : null;

  let rows = op.cast(
    embedCaption(w, config, { caption, lengths, length, padded, captionOrder, batch, debug }),
    lowering.residual,
  );
  const rope = {
    positions: captionPositions,
    cos: op.cast(cos, lowering.compute),
    sin: op.cast(sin, lowering.compute),
  };
  const refinerBias = rowBias === null ? null : spread(op, rowBias, batch, padded, 'L32');
  for (let i = 0; i < config.refinerLayers; i++) {
    const name = `context_refiner.${i}`;
    rows = op.within(name, () => block(w.at(name), config, rows, null, rope, refinerBias));
    if (debug) graph.output(name, op.cast(rows, 'float32'));
  }

  graph.output('caption_rows', op.cast(rows, 'float32'));
  graph.output('rope_cos', cos);
  graph.output('rope_sin', sin);
  graph.output('positions', positions);
  graph.output('image_positions', imagePositions);
  if (rowBias !== null) {
    const imageBias = op.expand(op.scalar(0), op.concat([batch, vector(op, image.padded)], 0, 2), ['B', 'T32']);
    graph.output(
      'attention_bias',
      op.cast(spread(op, op.concat([imageBias, rowBias], 1, 'S'), batch, total, 'S'), 'float32'),
    );
  }
  return graph;
}

/** norm, projection, and the learned token wherever a caption has ended. [B, L32, D] */
function embedCaption(
  w: Weights,
  { dim, captionDim }: TransformerConfig,
  c: {
    caption: Value;
    lengths: Value;
    length: Value;
    padded: Value;
    captionOrder: Value;
    batch: Value;
    debug: boolean;
  },
): Value {
  const { op } = w;
  const embedded = op.within('cap_embedder', () => {
    const normed = op.rmsNorm(
      c.caption,
      w.at('cap_embedder.0').get('weight', [captionDim], 'float32'),
      CAPTION_NORM_EPS,
    );
    return linear(w.at('cap_embedder.1'), op.cast(normed, op.lowering.compute), dim, { bias: true });
  });
  if (c.debug) op.graph.output('cap_embedded', op.cast(embedded, 'float32'));
  // In single precision, because CUDA has no Where of bfloat16.
  const token = op.reshape(w.get('cap_pad_token', [1, dim], 'float32'), op.integers(1, 1, dim), [1, 1, dim]);
  const missing = vector(op, op.sub(c.padded, c.length));
  const tail = op.expand(token, op.concat([c.batch, missing, op.integers(dim)], 0, 3), ['B', 'L32-L', dim]);
  const real = op.unsqueeze(op.less(op.unsqueeze(c.captionOrder, 0), op.unsqueeze(c.lengths, 1)), 2); // [B, L32, 1]
  return op.where(real, op.concat([op.cast(embedded, 'float32'), tail], 1, 'L32'), token);
}

interface ImageTokens {
  /** 0 … T32 − 1. */
  readonly order: Value;
  readonly padded: Value;
  readonly isReal: Value;
  readonly row: Value;
  readonly column: Value;
}

/** Where each token of the image stands in its grid; padding stands at (0, 0). */
function imageTokens(op: Ops, size: Value): ImageTokens {
  const grid = op.div(size, op.integers(PATCH));
  const side = (i: number) => op.item(op.slice(grid, op.integers(i), op.integers(i + 1), 0, 1));
  const [rows, columns] = [side(0), side(1)];
  const count = op.mul(rows, columns);
  const padded = padUp(op, count);
  const order = op.range(padded, 'T32');
  const isReal = op.less(order, count);
  const row = op.div(order, columns);
  const column = op.sub(order, op.mul(row, columns));
  const zero = op.scalar(0, 'int64');
  return { order, padded, isReal, row: op.where(isReal, row, zero), column: op.where(isReal, column, zero) };
}

/**
 * Cosines and sines of the joint sequence, [B·S, Dh/2]. Positions are (frame, row, column): a caption's token j is (1 + j, 0, 0), the
 * image stands in the frame after its caption's padding, its own padding at the origin.
 */
function rotaryTables(
  op: Ops,
  config: TransformerConfig,
  s: { batch: Value; own: Value; captionOrder: Value; image: ImageTokens; total: Value },
): { cos: Value; sin: Value } {
  const one = op.scalar(1, 'int64');
  const zero = op.scalar(0, 'int64');
  const captionShape = op.concat([s.batch, op.sizes(s.captionOrder, 0, 1)], 0, 2);
  const imageShape = op.concat([s.batch, op.sizes(s.image.order, 0, 1)], 0, 2);
  const inCaption = (x: Value) => op.expand(x, captionShape, ['B', 'L32']);
  const inImage = (x: Value) => op.expand(op.unsqueeze(x, 0), imageShape, ['B', 'T32']);
  const frame = op.where(op.unsqueeze(s.image.isReal, 0), op.unsqueeze(op.add(s.own, one), 1), zero); // [B, T32]
  const positions = [
    op.concat([frame, inCaption(op.unsqueeze(op.add(s.captionOrder, one), 0))], 1, 'S'),
    op.concat([inImage(s.image.row), inCaption(zero)], 1, 'S'),
    op.concat([inImage(s.image.column), inCaption(zero)], 1, 'S'),
  ];
  return tablesAt(op, config, positions);
}

/** A bias on keys [B, N] as scores have it: [B, 1, N, N], equal for all queries. */
function spread(op: Ops, bias: Value, batch: Value, count: Value, dim: string): Value {
  const shape = op.concat([batch, op.integers(1), vector(op, count), op.integers(1)], 0, 4);
  const all = op.expand(op.unsqueeze(op.unsqueeze(bias, 1), 1), shape, ['B', 1, dim, dim]);
  return op.cast(all, op.lowering.compute);
}

/** A scalar as int64 [1]. */
function vector(op: Ops, scalar: Value): Value {
  return op.reshape(scalar, op.integers(1), [1]);
}
