import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileTextEncoder, compileTransformer, compileVaeDecoder, contentHash } from '../../src/compiler/index.js';
import { openTransformer } from '../../src/engine/models/transformer.js';
import { bfloat16, float8, int8, pair, plain, type Storage } from './checkpoints.js';
import { farthest, fixtures, run, text } from './run.js';
import { wave } from './waves.js';

const target = { target: 'cpu' } as const;
const tiny = join(fixtures, 'checkpoints', 'tiny-turbo');

describe('weights', () => {
  const ways: [string, Storage][] = [
    ['bfloat16', bfloat16],
    ['8-bit numbers with a list of scales', int8((out) => [out])],
    ['8-bit numbers with a column of scales', int8((out, rank) => [out, ...Array(rank - 1).fill(1)])],
    ['8-bit floats with a list of scales', float8()],
    ['8-bit floats with one scale', float8('one')],
    ['8-bit floats with one scale that ComfyUI named', float8('one of ComfyUI')],
    ['8-bit floats without a scale', float8('none')],
    ['8-bit numbers with one scale', int8(() => [])],
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

  it('is told although there are files that nobody can read and the model may not need', () => {
    const { stored } = pair('text_encoder', 'model.safetensors', plain);
    writeFileSync(join(stored, 'model.fp16.safetensors'), 'version https://git-lfs.github.com/spec/v1\n');
    symlinkSync('nowhere', join(stored, 'old.json'));
    mkdirSync(join(stored, 'older.json'));
    expect(contentHash([stored])).toMatch(/^[0-9a-f]{64}$/);
  });
});

async function predict(folder: string): Promise<Float32Array> {
  const model = await openTransformer(compileTransformer(folder, target), { device: 'cpu', threads: 1 });
  const { data } = await model.condition([wave([5, 80])]).predict(wave([1, 16, 8, 8]), [0.3]);
  await model.dispose();
  return data;
}
