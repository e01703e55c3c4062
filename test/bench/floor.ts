import { availableParallelism } from 'node:os';
import { readModels } from '../../src/catalog/entry-from-checkpoint.js';
import { compileTransformer, Graph } from '../../src/compiler/index.js';
import { build as buildTransformer } from '../../src/compiler/models/z-image-transformer.js';
import type { Node } from '../../src/compiler/onnx/graph.js';
import { Ops } from '../../src/compiler/onnx/ops.js';
import { targets } from '../../src/compiler/targets/index.js';
import { engineSection } from '../../src/engine/config.js';
import { Transformer } from '../../src/engine/models/transformer.js';
import { openSession } from '../../src/engine/runtime/session.js';
import type { Tensor } from '../../src/engine/runtime/tensor.js';
import { median } from './report.js';

const IMAGE_TOKENS = 256;
const CAPTION_TOKENS = 32;
const REPEATS = 15;
/** Of a product in one graph, so that calling it costs nothing beside them. */
const COPIES = 8;
const options = { device: 'cpu', threads: availableParallelism() } as const;

/** A product of [batch, m, k] and [batch, k, n], so many times a forward. */
interface Product {
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/**
 * CPU time of one forward of the embedded model's transformer at 256×256, and of its matrix products alone: the same sizes, as many
 * times, each the only operator of its graph. What lies between them is all that a better graph could save.
 */
export async function matrixFloor(): Promise<{ stepMs: number; productsMs: number }> {
  const [model] = readModels(engineSection.schema.parse(process.env));
  if (model === undefined) throw new Error('There is no model to measure.');
  const folder = model.components.transformer;
  const { step, config } = buildTransformer(folder, { target: 'cpu' });
  let productsMs = 0;
  for (const [key, count] of counted(step.nodes.flatMap(productsOf)))
    productsMs += count * (await timeProduct(JSON.parse(key)));

  const transformer = await Transformer.open(compileTransformer(folder, { target: 'cpu' }), options);
  const caption = random([CAPTION_TOKENS - 8, config.captionDim]);
  const conditioned = transformer.promptPredictor([caption]);
  const latents = random([1, 16, 32, 32]);
  const stepMs = await cpuMs(() => conditioned.predict(latents, [0.5]));
  conditioned.release();
  await transformer.dispose();
  return { stepMs, productsMs };
}

/** The matrix products of an operator. How many tokens it works on shows in where it stands. */
function productsOf({ op, name, inputs, attributes }: Node): Product[] {
  const tokens = /^layers\./.test(name) ? IMAGE_TOKENS + CAPTION_TOKENS : IMAGE_TOKENS;
  if (op === 'Gemm') {
    const [n, k] = inputs[1]!.shape as [number, number];
    return [{ batch: 1, m: /t_embedder|adaLN/.test(name) ? 1 : tokens, k, n }];
  }
  if (op !== 'MultiHeadAttention') return [];
  const heads = attributes.num_heads as number;
  const dim = (inputs[0]!.shape[2] as number) / heads;
  return [
    { batch: heads, m: tokens, k: dim, n: tokens },
    { batch: heads, m: tokens, k: tokens, n: dim },
  ];
}

async function timeProduct({ batch, m, k, n }: Product): Promise<number> {
  const graph = new Graph('product');
  const op = new Ops(graph, targets.cpu.transformer);
  const a = graph.input('a', 'float32', batch === 1 ? [m, k] : [batch, m, k]);
  // Weights are known beforehand and are packed when the graph is loaded; what attention multiplies is not.
  for (let copy = 0; copy < COPIES; copy++) {
    const product =
      batch === 1
        ? op.gemm(a, graph.constant(random([n, k]).data, [n, k]), null)
        : op.matmul(a, graph.input(`b${copy}`, 'float32', [batch, k, n]));
    // One row is enough to keep it: handing out all of it would cost as much as the product.
    const axis = product.shape.length - 2;
    graph.output(`row${copy}`, op.slice(product, op.integers(0), op.integers(1), axis, 1));
  }
  const compiled = { name: 'product', model: graph.encode(), weightsFolder: '.', inputs: [], outputs: [] };
  const session = await openSession(compiled, options);
  const inputs: Record<string, Tensor> = { a: random(batch === 1 ? [m, k] : [batch, m, k]) };
  if (batch > 1) for (let copy = 0; copy < COPIES; copy++) inputs[`b${copy}`] = random([batch, k, n]);
  const ms = await cpuMs(() => session.run(inputs));
  await session.dispose();
  return ms / COPIES;
}

/** Median CPU milliseconds of this process, over all its threads. */
async function cpuMs(work: () => Promise<unknown>): Promise<number> {
  await work();
  await work();
  const times: number[] = [];
  for (let i = 0; i < REPEATS; i++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    times.push((user + system) / 1000);
  }
  return median(times);
}

function counted(products: readonly Product[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const product of products) {
    const key = JSON.stringify(product);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

function random(shape: readonly number[]): Tensor {
  const length = shape.reduce((product, side) => product * side, 1);
  return { shape, data: Float32Array.from({ length }, () => Math.random() - 0.5) };
}
