import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileTextEncoder, compileTransformer, compileVaeDecoder, contentHash } from '../../src/compiler/index.js';
import { readHeader } from '../../src/compiler/safetensors.js';
import { openTransformer } from '../../src/engine/models/transformer.js';
import { tensor } from '../../src/engine/tensor.js';
import { bytesOf, type NewTensor, temporaryFolder, toBfloat16, writeTensors } from './files.js';
import { farthest, fixtures, run, text } from './run.js';

const target = { target: 'cpu' } as const;
const tiny = join(fixtures, 'checkpoints', 'tiny-turbo');

/** What a weight becomes in the file, and which values those stand for. */
interface Stored {
  readonly tensors: Readonly<Record<string, NewTensor>>;
  readonly values: Float32Array;
}
type Storage = (name: string, shape: readonly number[], values: Float32Array) => Stored;

/** bfloat16: the upper halves of floats. */
const bfloat16: Storage = (name, shape, values) => {
  const halves = toBfloat16(values);
  const restored = new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
  return { tensors: { [name]: { type: 'BF16', shape, data: bytesOf(halves) } }, values: restored };
};

/** 8 bits with a scale for each output channel, of matrices and kernels only. */
const int8 =
  (scaleShape: (out: number, rank: number) => number[]): Storage =>
  (name, shape, values) => {
    if (shape.length < 2 || !name.endsWith('.weight')) return plain(name, shape, values);
    const out = shape[0]!;
    const row = values.length / out;
    const scales = Float32Array.from({ length: out }, (_, i) => {
      return (
        values.subarray(i * row, (i + 1) * row).reduce((most, value) => Math.max(most, Math.abs(value)), 1e-8) / 127
      );
    });
    const codes = Int8Array.from(values, (value, i) => Math.round(value / scales[Math.floor(i / row)]!));
    return {
      tensors: {
        [name]: { type: 'I8', shape, data: bytesOf(codes) },
        [`${name}_scale`]: { type: 'F32', shape: scaleShape(out, shape.length), data: bytesOf(scales) },
      },
      values: Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / row)]!),
    };
  };

const plain: Storage = (name, shape, values) => ({
  tensors: { [name]: { type: 'F32', shape, data: bytesOf(values) } },
  values,
});

/** Two folders with the same values in them: stored in some way, and as plain floats. */
function pair(component: string, file: string, storage: Storage): { stored: string; asFloats: string } {
  const source = join(tiny, component);
  const all = readFileSync(join(source, file));
  const stored: Record<string, NewTensor> = {};
  const asFloats: Record<string, NewTensor> = {};
  for (const { name, shape, offset, length } of readHeader(join(source, file))) {
    const values = new Float32Array(Uint8Array.prototype.slice.call(all, offset, offset + length).buffer);
    const written = storage(name, shape, values);
    Object.assign(stored, written.tensors);
    Object.assign(asFloats, plain(name, shape, written.values).tensors);
  }
  const write = (tensors: Record<string, NewTensor>) => {
    const folder = join(temporaryFolder(), component);
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(source, 'config.json'), join(folder, 'config.json'));
    writeTensors(join(folder, file), tensors);
    return folder;
  };
  return { stored: write(stored), asFloats: write(asFloats) };
}

describe('weights', () => {
  const ways: [string, Storage][] = [
    ['bfloat16', bfloat16],
    ['8-bit numbers with a list of scales', int8((out) => [out])],
    ['8-bit numbers with a column of scales', int8((out, rank) => [out, ...Array(rank - 1).fill(1)])],
  ];

  it.each(ways)('of %s are what they stand for, in the text encoder', async (_name, storage) => {
    const { stored, asFloats } = pair('text_encoder', 'model.safetensors', storage);
    const [a, b] = [
      await run(compileTextEncoder(stored, target), text),
      await run(compileTextEncoder(asFloats, target), text),
    ];
    expect(farthest(a.embeds!.data, b.embeds!.data)).toBeLessThan(1e-5);
  });

  it.each(ways)('of %s are what they stand for, in the transformer', async (_name, storage) => {
    const { stored, asFloats } = pair('transformer', 'diffusion_pytorch_model.safetensors', storage);
    const [a, b] = [await predict(stored), await predict(asFloats)];
    expect(farthest(a, b)).toBeLessThan(1e-5);
  });

  it.each(ways)('of %s are what they stand for, in the decoder', async (_name, storage) => {
    const { stored, asFloats } = pair('vae', 'diffusion_pytorch_model.safetensors', storage);
    const latents = wave([1, 16, 4, 4]);
    const decode = async (folder: string) => (await run(compileVaeDecoder(folder, target), { latents })).decoded!.data;
    expect(farthest(await decode(stored), await decode(asFloats))).toBeLessThan(1e-5);
  });
});

describe('a model’s content', () => {
  it('is the same in a copy, and another one when a weight or a setting differs', () => {
    const source = join(tiny, 'text_encoder');
    const copy = pair('text_encoder', 'model.safetensors', plain);
    expect(contentHash([copy.stored])).toBe(contentHash([copy.asFloats]));
    expect(contentHash([copy.stored])).toMatch(/^[0-9a-f]{64}$/);
    const changed = pair('text_encoder', 'model.safetensors', (name, shape, values) => {
      if (name.endsWith('layers.1.mlp.up_proj.weight')) values[0] = values[0]! + 1;
      return plain(name, shape, values);
    });
    expect(contentHash([changed.stored])).not.toBe(contentHash([copy.stored]));
    expect(contentHash([source, join(tiny, 'vae')])).not.toBe(contentHash([source]));
  });
});

/** Numbers that are not all alike. */
function wave(shape: readonly number[]) {
  const length = shape.reduce((product, side) => product * side, 1);
  return tensor(
    shape,
    Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7)),
  );
}

async function predict(folder: string): Promise<Float32Array> {
  const model = await openTransformer(compileTransformer(folder, target), { device: 'cpu', threads: 1 });
  const { data } = await model.condition([wave([5, 80])]).predict(wave([1, 16, 8, 8]), [0.3]);
  await model.dispose();
  return data;
}
