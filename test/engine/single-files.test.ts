import { copyFileSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { entryFromCheckpoint } from '../../src/catalog/entry-from-checkpoint.js';
import { readHeader, type StoredTensor } from '../../src/checkpoint/formats/safetensors.js';
import { readBytes } from '../../src/checkpoint/formats/values.js';
import { contentHash } from '../../src/checkpoint/index.js';
import { configBeside, type Part } from '../../src/checkpoint/layouts/single/part.js';
import { type NewTensor, writeTensors } from '../compiler/files.js';
import { fixtures, temporaryFolder, tinyTurbo } from './checkpoints.js';
import { engineWith, job, run } from './engines.js';

const tiny = join(fixtures, 'tiny-turbo');

function tensorsOf(component: string, file: string): readonly StoredTensor[] {
  return readHeader(join(tiny, component, file));
}

const plain = (tensor: StoredTensor): NewTensor => ({ ...tensor, data: readBytes(tensor) });

/** The published spelling: query, key and value fused, and shorter names. */
function fused(tensors: readonly StoredTensor[]): Record<string, NewTensor> {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return Object.fromEntries(
    tensors.flatMap((tensor): (readonly [string, NewTensor])[] => {
      const query = /^(.*)\.to_q\.weight$/.exec(tensor.name);
      if (/\.to_[kv]\.weight$/.test(tensor.name)) return [];
      if (query === null) return [[published(tensor.name), plain(tensor)]];
      const three = ['q', 'k', 'v'].map((letter) => readBytes(byName.get(`${query[1]}.to_${letter}.weight`)!));
      const [rows, width] = tensor.shape as [number, number];
      return [[`${query[1]}.qkv.weight`, { type: 'F32', shape: [3 * rows, width], data: Buffer.concat(three) }]];
    }),
  );
}

function published(name: string): string {
  return name
    .replace('all_x_embedder.2-1', 'x_embedder')
    .replace('all_final_layer.2-1', 'final_layer')
    .replace('attention.to_out.0', 'attention.out')
    .replace(/attention\.norm_([qk])/, 'attention.$1_norm');
}

function prefixed(prefix: string, tensors: Readonly<Record<string, NewTensor>>): Record<string, NewTensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

const asTheyAre = (tensors: readonly StoredTensor[]) =>
  Object.fromEntries(tensors.map((tensor) => [tensor.name, plain(tensor)]));

/** The tiny checkpoint as one file with ComfyUI's prefixes, its configurations beside it. */
function inOneFile(): string {
  const folder = temporaryFolder();
  const file = join(folder, 'tiny_turbo.safetensors');
  const text = asTheyAre(tensorsOf('text_encoder', 'model.safetensors'));
  writeTensors(file, {
    ...prefixed('model.diffusion_model.', fused(tensorsOf('transformer', 'diffusion_pytorch_model.safetensors'))),
    ...prefixed('text_encoders.qwen3_4b.transformer.', text),
    ...prefixed('vae.', asTheyAre(tensorsOf('vae', 'diffusion_pytorch_model.safetensors'))),
  });
  const configs: readonly (readonly [Part, string])[] = [
    ['transformer', 'transformer'],
    ['text encoder', 'text_encoder'],
    ['autoencoder', 'vae'],
  ];
  for (const [part, component] of configs) copyFileSync(join(tiny, component, 'config.json'), configBeside(file, part));
  cpSync(join(tiny, 'tokenizer'), join(folder, 'tokenizer'), { recursive: true });
  return file;
}

it('a checkpoint in one file draws what its folders draw, byte for byte', { timeout: 60_000 }, async () => {
  const single = entryFromCheckpoint(inOneFile());
  const drawn = await run(engineWith({ catalog: [single] }), { ...job, model: single.id });
  expect(drawn.data).toEqual((await run(engineWith({ catalog: [tinyTurbo()] }), job)).data);
});

it('the configuration beside a file belongs to its content', async () => {
  const file = inOneFile();
  const before = await contentHash([file]);
  const config = configBeside(file, 'transformer');
  const fields = JSON.parse(readFileSync(config, 'utf8'));
  writeFileSync(config, JSON.stringify({ ...fields, rope_theta: 257 }));
  expect(await contentHash([file])).not.toBe(before);
});
