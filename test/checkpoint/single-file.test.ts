import { join } from 'node:path';
import { expect, it } from 'vitest';
import { copyComponent, quantiseComponent } from '../../src/checkpoint/index.js';
import { compileTransformer, compileVaeDecoder } from '../../src/compiler/index.js';
import { temporaryFolder } from '../compiler/files.js';
import { farthest, run } from '../compiler/run.js';
import { wave } from '../compiler/waves.js';
import { inScaledFloat8, published, writeSingle } from './single-files.js';

const target = { target: 'cpu' } as const;

it('a single file, copied, is a folder that computes the same', async () => {
  const [file, folder] = [join(temporaryFolder(), 'ae.safetensors'), join(temporaryFolder(), 'vae')];
  writeSingle(file, 'autoencoder', published('autoencoder'));
  for (const _ of copyComponent(file, folder, { part: 'autoencoder' }));
  const decode = async (location: string) =>
    (await run(compileVaeDecoder(location, target), { latents: wave([1, 16, 4, 4]) })).decoded!.data;
  expect(farthest(await decode(file), await decode(folder))).toBe(0);
});

it('a single file in 8-bit floats, quantised, is a folder in blocks', () => {
  const [file, folder] = [join(temporaryFolder(), 'z_image.safetensors'), join(temporaryFolder(), 'transformer')];
  writeSingle(file, 'transformer', inScaledFloat8('transformer'));
  for (const _ of quantiseComponent(file, folder, { bits: 8, block: 32, part: 'transformer' }));
  expect(compileTransformer(folder, target).step.kernels).toContain('MatMulNBits');
});
