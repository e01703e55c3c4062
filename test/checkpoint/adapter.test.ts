import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CheckpointError, contentHash, describeComponent } from '../../src/checkpoint/index.js';
import { compileTransformer } from '../../src/compiler/index.js';
import { Transformer } from '../../src/engine/models/transformer.js';
import { bytesOf, type NewTensor, temporaryFolder, toBfloat16, writeTensors } from '../compiler/files.js';
import { farthest, fixtures } from '../compiler/run.js';
import { wave } from '../compiler/waves.js';
import { bfloat16, int8, pair, plain, type Storage } from './checkpoints.js';
import { added, diffusers, factorsOf, folderOf, kohya, layers, tensorsOf } from './lora-files.js';

const tiny = join(fixtures, 'checkpoints', 'tiny-turbo', 'transformer');
const file = 'diffusion_pytorch_model.safetensors';
const factors = factorsOf(4);

async function predict(folder: string, adapter: string | null = null): Promise<Float32Array> {
  const graphs = compileTransformer(folder, { target: 'cpu', adapter });
  const model = await Transformer.open(graphs, { device: 'cpu', threads: 1 });
  const { data } = await model.promptPredictor([wave([5, 80])]).predict(wave([1, 16, 8, 8]), [0.3]);
  await model.dispose();
  return data;
}

/** The tiny transformer stored in some way, and as floats with the changes already added to what those stand for. */
function merged(storage: Storage, scale: number): { stored: string; merged: string } {
  const both = pair('transformer', file, (name, shape, values) => {
    const written = storage(name, shape, values);
    const layer = name.replace(/\.weight$/, '') as keyof typeof layers;
    if (!(layer in layers)) return written;
    return { ...written, values: added(written.values, factors[layer]!, layers[layer][1], scale) };
  });
  return { stored: both.stored, merged: both.asFloats };
}

describe('an adapter', () => {
  const bases: [string, Storage][] = [
    ['float32', plain],
    ['bfloat16', bfloat16],
    ['8-bit', int8((out) => [out])],
  ];

  it.each(bases)('is added to %s weights', async (_name, storage) => {
    const { stored, merged: whole } = merged(storage, 1);
    const changed = await predict(stored, folderOf(tensorsOf(factors, diffusers)));
    expect(farthest(changed, await predict(whole))).toBeLessThan(1e-5);
    expect(farthest(changed, await predict(stored))).toBeGreaterThan(0.01);
  });

  it('is scaled by alpha / rank, and may be named as Kohya or nobody names it', async () => {
    const { stored, merged: whole } = merged(plain, 2 / 4);
    const expected = await predict(whole);
    for (const naming of [diffusers, kohya, { ...diffusers, layer: (name: string) => name }]) {
      const changed = await predict(stored, folderOf(tensorsOf(factors, naming, 2)));
      expect(farthest(changed, expected)).toBeLessThan(1e-5);
    }
  });

  it('may be stored in half precision or, with a scale for each row, in 8 bits', async () => {
    const exact = tensorsOf(factors, diffusers);
    const half: Record<string, NewTensor> = {};
    const eighth: Record<string, NewTensor> = {};
    const asFloats: Record<string, Record<string, NewTensor>> = { half: {}, eighth: {} };
    for (const [name, { shape, data }] of Object.entries(exact)) {
      const values = new Float32Array(data!.buffer, data!.byteOffset, data!.length / 4);
      const short = toBfloat16(values);
      half[name] = { type: 'BF16', shape, data: bytesOf(short) };
      const { tensors, values: stand } = int8((out) => [out])(name, shape, values);
      Object.assign(eighth, tensors);
      Object.assign(asFloats.half!, plain(name, shape, bfloat16(name, shape, values).values).tensors);
      Object.assign(asFloats.eighth!, plain(name, shape, stand).tensors);
    }
    for (const [stored, floats] of [
      [half, asFloats.half!],
      [eighth, asFloats.eighth!],
    ] as const)
      expect(farthest(await predict(tiny, folderOf(stored)), await predict(tiny, folderOf(floats)))).toBeLessThan(1e-5);
  });

  it('of fused query, key and value is dealt out to the three', async () => {
    const [width, rank] = [48, 4];
    const parts = ['q', 'k', 'v'].map((letter) => factors[`layers.0.attention.to_${letter}`]!);
    const a = parts[0]!.a;
    const joined = Float32Array.from(parts.flatMap(({ b }) => [...b]));
    const apart = Object.fromEntries(
      ['q', 'k', 'v'].map((letter, i) => [`layers.0.attention.to_${letter}`, { a, b: parts[i]!.b }]),
    );
    const fused = folderOf({
      'diffusion_model.layers.0.attention.qkv.lora_A.weight': { type: 'F32', shape: [rank, width], data: bytesOf(a) },
      'diffusion_model.layers.0.attention.qkv.lora_B.weight': {
        type: 'F32',
        shape: [3 * width, rank],
        data: bytesOf(joined),
      },
    });
    expect(await predict(tiny, fused)).toEqual(await predict(tiny, folderOf(tensorsOf(apart, diffusers))));
  });

  it('takes memory while it is loaded, for products and sums that are as large as the weights', () => {
    const stored = pair(
      'transformer',
      file,
      int8((out) => [out]),
    ).stored;
    const memory = (adapter: string | null) => compileTransformer(stored, { target: 'cpu', adapter }).step.memory;
    const [alone, changed] = [memory(null), memory(folderOf(tensorsOf(factors, diffusers)))];
    expect(changed.loaded).toBe(alone.loaded);
    // The context refiner is no part of a step.
    const inStep = Object.entries(layers).filter(([layer]) => !layer.startsWith('context_refiner'));
    const values = inStep.reduce((sum, [, [out, width]]) => sum + out * width, 0);
    expect(changed.loading).toBeGreaterThan(alone.loading + values * 4);
  });

  it('may be named as its file, lie behind a link, and belongs to the model’s content', async () => {
    const real = folderOf(tensorsOf(factors, diffusers));
    const linked = join(temporaryFolder(), 'linked');
    mkdirSync(linked);
    symlinkSync(join(real, 'adapter.safetensors'), join(linked, 'weights.safetensors'));
    const merged = await predict(tiny, real);
    expect(await predict(tiny, linked)).toEqual(merged);
    expect(await predict(tiny, join(linked, 'weights.safetensors'))).toEqual(merged);
    const content = await contentHash([tiny, real]);
    expect(content).not.toBe(await contentHash([tiny]));
    expect(content).not.toBe(await contentHash([tiny, folderOf(tensorsOf(factorsOf(4, 1), diffusers))]));
    const [alone, together] = [describeComponent(tiny), describeComponent(tiny, { adapter: real })];
    expect(together.tensors).toBe(alone.tensors + 2 * Object.keys(layers).length);
    expect(together.bytes).toBeGreaterThan(alone.bytes);
  });
});

describe('an adapter that cannot be added is refused in one sentence that names', () => {
  const a: NewTensor = { type: 'F32', shape: [4, 48] };
  const b: NewTensor = { type: 'F32', shape: [48, 4] };
  const [layer, downName, upName] = ['layers.0.attention.to_q', 'lora_A.weight', 'lora_B.weight'];
  const cases: [string, Record<string, NewTensor>, string[]][] = [
    ['a layer that is not there', { 'layers.9.attention.to_q.lora_A.weight': a }, ['layers.9.attention.to_q']],
    [
      'A of another width',
      { [`${layer}.${downName}`]: { ...a, shape: [4, 47] }, [`${layer}.${upName}`]: b },
      ['[4, 48]', '[4, 47]', downName],
    ],
    [
      'B of another rank',
      { [`${layer}.${downName}`]: a, [`${layer}.${upName}`]: { ...b, shape: [48, 3] } },
      ['[48, 4]', '[48, 3]', upName],
    ],
    ['B that is missing', { [`${layer}.${downName}`]: a }, [`${layer}.${downName}`, 'only A']],
    ['A that is missing', { [`${layer}.${upName}`]: b }, [`${layer}.${upName}`, 'only B']],
    ['another kind of change', { [`${layer}.lokr_w1`]: a }, ['lokr_w1', 'lora_A']],
    [
      'an alpha that is no number',
      { [`${layer}.${downName}`]: a, [`${layer}.${upName}`]: b, [`${layer}.alpha`]: { type: 'F32', shape: [2] } },
      ['alpha', '[2]'],
    ],
    [
      '8-bit factors without scales',
      { [`${layer}.${downName}`]: { ...a, type: 'I8' }, [`${layer}.${upName}`]: b },
      [`${downName}_scale`],
    ],
    [
      'a layer changed twice',
      {
        [`${layer}.${downName}`]: a,
        [`${layer}.${upName}`]: b,
        [`transformer.${layer}.${downName}`]: a,
        [`transformer.${layer}.${upName}`]: b,
      },
      ['second change', layer],
    ],
    ['a file that holds nothing', {}, ['holds none']],
  ];

  it.each(cases)('%s', (_what, tensors, parts) => {
    const folder = folderOf(tensors);
    const message = complaint(folder);
    for (const part of [join(folder, 'adapter.safetensors'), ...parts]) expect(message).toContain(part);
    expect(message.split('\n')).toHaveLength(1);
  });

  it('the folder, when it holds no file or two', () => {
    const folder = temporaryFolder();
    expect(complaint(folder)).toContain(folder);
    writeTensors(join(folder, 'a.safetensors'), tensorsOf(factors, diffusers));
    writeTensors(join(folder, 'b.safetensors'), tensorsOf(factors, diffusers));
    expect(complaint(folder)).toContain('it has 2');
  });
});

function complaint(adapter: string): string {
  try {
    compileTransformer(tiny, { target: 'cpu', adapter });
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError);
    return (error as Error).message;
  }
  throw new Error('Nothing was refused.');
}
