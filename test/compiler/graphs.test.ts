import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { readHeader } from '../../src/checkpoint/formats/safetensors.js';
import {
  type CompiledGraph,
  compileTextEncoder,
  compileTransformer,
  compileVaeDecoder,
  compileVaeEncoder,
} from '../../src/compiler/index.js';
import { integers, openSession } from '../../src/engine/runtime/session.js';
import { items, type Tensor, tensor } from '../../src/engine/runtime/tensor.js';
import { int8, pair } from '../checkpoint/checkpoints.js';
import { readCases } from '../parity/case.js';
import { bytesOf, type NewTensor, temporaryFolder, writeJson, writeTensors } from './files.js';
import { farthest, fixtures, run } from './run.js';

const target = { target: 'cpu' } as const;
const device = { device: 'cpu', threads: 1 } as const;
const transformer = join(fixtures, 'checkpoints', 'tiny-turbo', 'transformer');
const cases = readCases(fixtures);

/** What both graphs of a transformer give, one after the other. */
async function forward(
  { prepare, step }: { prepare: CompiledGraph; step: CompiledGraph },
  captions: readonly Tensor[],
  latents: Tensor,
  times: readonly number[],
): Promise<Readonly<Record<string, Tensor>>> {
  const [first, second] = [await openSession(prepare, device), await openSession(step, device)];
  const longest = Math.max(...captions.map(({ shape }) => shape[0]!));
  const width = captions[0]!.shape[1]!;
  const rows = new Float32Array(captions.length * longest * width);
  for (const [i, { data }] of captions.entries()) rows.set(data, i * longest * width);
  const prepared = await first.run({
    caption: tensor([captions.length, longest, width], rows),
    caption_lengths: integers(
      [captions.length],
      captions.map(({ shape }) => shape[0]!),
    ),
    latent_size: integers([2], latents.shape.slice(2)),
  });
  const shared = Object.fromEntries(
    step.inputs.flatMap(({ name }) => (name in prepared ? [[name, prepared[name]!]] : [])),
  );
  const tau = tensor([times.length], Float32Array.from(times));
  const stepped = await second.run({ latents, tau, ...shared });
  const floats = [...Object.entries(prepared), ...Object.entries(stepped)].filter(
    ([name]) => !name.endsWith('positions'),
  );
  const results = Object.fromEntries(floats.map(([name, output]) => [name, output.read()]));
  await first.dispose();
  await second.dispose();
  return results;
}

const wave = (shape: readonly number[], pace: number): Tensor =>
  tensor(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * pace)),
  );

describe('the transformer', () => {
  it('gives what the reference’s modules give, one after the other', async () => {
    const { arrays } = cases.find(({ name }) => name === 'transformer_debug')!;
    const of = (name: string) => arrays.get(name)! as Tensor;
    const given = await forward(
      compileTransformer(transformer, { ...target, debug: true }),
      [of('cap.0')],
      tensor([1, 16, 8, 8], of('x.0').data),
      [of('t.0').data[0]!],
    );
    const named = [...arrays.keys()].filter((name) => name.startsWith('debug.')).map((name) => name.slice(6));
    expect(named).toContain('final_layer');
    // Of what the reference shows before padding is put in, and after the image is taken out, only the real rows are meant.
    const rows: Readonly<Record<string, number>> = { x_embedded: 16, cap_embedded: 5, final_layer: 16 };
    for (const name of named) {
      const { shape, data: theirs } = of(`debug.${name}`);
      const count = (rows[name] ?? shape[0]!) * (shape[1] ?? 1);
      expect(farthest(given[name]!.data.subarray(0, count), theirs.subarray(0, count)), name).toBeLessThan(2e-4);
    }
  });

  it('gives an item of a masked batch what it gives the item alone', async () => {
    const captions = [wave([70, 80], 0.9), wave([3, 80], 0.4)];
    const latents = wave([2, 16, 8, 4], 1.3);
    const masked = compileTransformer(transformer, { ...target, masked: true });
    const { output } = await forward(masked, captions, latents, [0.2, 0.7]);
    for (const i of [0, 1]) {
      const alone = await forward(compileTransformer(transformer, target), [captions[i]!], items(latents, i, i + 1), [
        [0.2, 0.7][i]!,
      ]);
      expect(farthest(items(output!, i, i + 1).data, alone.output!.data)).toBeLessThan(1e-4);
    }
  });

  it('keeps near the reference in the half precision of WebGPU', async () => {
    const { arrays } = cases.find(({ name }) => name === 'transformer_odd_cap33')!;
    const of = (name: string) => arrays.get(name)! as Tensor;
    const { shape, data } = of('x.0');
    const latents = tensor([1, 16, ...shape.slice(2)], data);
    // The CPU computes this graph in single precision, but rounds to half wherever the graph says so.
    const graphs = compileTransformer(transformer, { target: 'webgpu' });
    const { output } = await forward(graphs, [of('cap.0')], latents, [of('t.0').data[0]!]);
    expect(farthest(output!.data, of('out.0.0').data)).toBeLessThan(0.02);
    expect(farthest(output!.data, of('out.0.0').data)).toBeGreaterThan(1e-4);
  });

  it('asks for no mask unless it is told to', () => {
    const names = (graph: CompiledGraph) => graph.inputs.map(({ name }) => name);
    expect(names(compileTransformer(transformer, target).step)).not.toContain('attention_bias');
    expect(names(compileTransformer(transformer, { ...target, masked: true }).step)).toContain('attention_bias');
  });
});

describe('an autoencoder', () => {
  it('has convolutions between latents and coders where its configuration says so', async () => {
    const folder = join(temporaryFolder(), 'vae');
    const file = 'diffusion_pytorch_model.safetensors';
    const source = join(fixtures, 'checkpoints', 'tiny-turbo', 'vae');
    const all = readFileSync(join(source, file));
    const own = readHeader(join(source, file)).map(({ name, type, shape, offset, length }) => {
      return [name, { type, shape, data: all.subarray(offset, offset + length) }] as const;
    });
    // Twice the identity, so that both can be told from what they do.
    const doubling = (name: string, width: number): [string, NewTensor][] => {
      const kernel = Float32Array.from({ length: width * width }, (_, i) => (i % (width + 1) === 0 ? 2 : 0));
      return [
        [`${name}.weight`, { type: 'F32', shape: [width, width, 1, 1], data: bytesOf(kernel) }],
        [`${name}.bias`, { type: 'F32', shape: [width] }],
      ];
    };
    const config = JSON.parse(readFileSync(join(source, 'config.json'), 'utf8'));
    writeJson(join(folder, 'config.json'), { ...config, use_quant_conv: true, use_post_quant_conv: true });
    const tensors = Object.fromEntries([...own, ...doubling('quant_conv', 32), ...doubling('post_quant_conv', 16)]);
    writeTensors(join(folder, file), tensors);

    const image = wave([1, 3, 32, 32], 0.3);
    const plainly = await run(compileVaeEncoder(source, target), { image });
    const twice = await run(compileVaeEncoder(folder, target), { image });
    expect(
      farthest(
        twice.mean!.data,
        plainly.mean!.data.map((value) => 2 * value),
      ),
    ).toBeLessThan(1e-5);

    // The graph undoes scale and shift first: 2·(z/s + t) = z'/s + t for z' = 2·z + s·t.
    const { scalingFactor, shiftFactor } = compileVaeDecoder(source, target).config;
    const latents = wave([1, 16, 4, 4], 0.7);
    const moved = tensor(
      latents.shape,
      latents.data.map((z) => 2 * z + scalingFactor * shiftFactor),
    );
    const { decoded } = await run(compileVaeDecoder(folder, target), { latents });
    const expected = await run(compileVaeDecoder(source, target), { latents: moved });
    expect(farthest(decoded!.data, expected.decoded!.data)).toBeLessThan(1e-5);
  });
});

describe('a graph', () => {
  it('names its nodes after their place in the model, and its weights as the checkpoint does', () => {
    const model = Buffer.from(compileTransformer(transformer, target).step.model).toString('latin1');
    expect(model).toContain('layers.1/attention/to_q/Gemm');
    expect(model).toContain('layers.1.attention.to_q.weight');
  });

  it('is the same graph whenever it is compiled', () => {
    const compile = () => Buffer.from(compileTransformer(transformer, target).step.model);
    expect(compile().equals(compile())).toBe(true);
  });

  it('converts its weights once, when it is loaded', async () => {
    const { stored } = pair(
      'text_encoder',
      'model.safetensors',
      int8((out) => [out]),
    );
    const { model, weightsFolder } = compileTextEncoder(stored, target);
    const optimized = join(temporaryFolder(), 'optimized.onnx');
    const session = await InferenceSession.create(model, {
      optimizedModelFilePath: optimized,
      extra: { session: { model_external_initializers_file_folder_path: weightsFolder } },
      logSeverityLevel: 4,
    });
    await session.release();
    const casts =
      readFileSync(optimized)
        .toString('latin1')
        .match(/[\w./]*\/Cast(_\d+)?/g) ?? [];
    // Left are the positions of the tokens, and the rows of the table that the tokens pick.
    expect(casts.filter((name) => /^layers/.test(name))).toEqual([]);
  });
});
