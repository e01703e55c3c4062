import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { entryFromCheckpoint } from '../../src/catalog/entry-from-checkpoint.js';
import { contentHash } from '../../src/checkpoint/index.js';
import { configBeside, parts } from '../../src/checkpoint/layouts/single/part.js';
import { copyConfig, published, type Tensors, tiny } from '../checkpoint/single-files.js';
import { writeTensors } from '../compiler/files.js';
import { temporaryFolder, tinyTurbo } from './checkpoints.js';
import { engineWith, job, run } from './engines.js';

function prefixed(prefix: string, tensors: Tensors): Tensors {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [prefix + name, tensor]));
}

/** The tiny checkpoint as one file with ComfyUI's prefixes, its configurations beside it. */
function inOneFile(): string {
  const folder = temporaryFolder();
  const file = join(folder, 'tiny_turbo.safetensors');
  writeTensors(file, {
    ...prefixed('model.diffusion_model.', published('transformer')),
    ...prefixed('text_encoders.qwen3_4b.transformer.', published('text encoder')),
    ...prefixed('vae.', published('autoencoder')),
  });
  for (const part of parts) copyConfig(file, part);
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
