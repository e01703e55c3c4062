import { copyFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, it } from 'vitest';
import { copyComponent, type Part, quantiseComponent } from '../../src/checkpoint/index.js';
import { configBeside } from '../../src/checkpoint/layouts/single/part.js';
import { compileTransformer, compileVaeDecoder } from '../../src/compiler/index.js';
import { temporaryFolder } from '../compiler/files.js';
import { farthest, fixtures, run } from '../compiler/run.js';
import { wave } from '../compiler/waves.js';

const checkpoints = join(fixtures, 'checkpoints');
const target = { target: 'cpu' } as const;

/** A single file with its configuration beside it. */
function single(name: string, part: Part, config: string): string {
  const file = join(temporaryFolder(), basename(name));
  copyFileSync(join(checkpoints, 'single', name), file);
  copyFileSync(join(checkpoints, config, 'config.json'), configBeside(file, part));
  return file;
}

it('a single file, copied, is a folder that computes the same', async () => {
  const file = single('ae.safetensors', 'autoencoder', 'tiny-base/vae');
  const folder = join(temporaryFolder(), 'vae');
  for (const _ of copyComponent(file, folder, { part: 'autoencoder' }));
  const decode = async (location: string) =>
    (await run(compileVaeDecoder(location, target), { latents: wave([1, 16, 4, 4]) })).decoded!.data;
  expect(farthest(await decode(file), await decode(folder))).toBe(0);
});

it('a single file in 8-bit floats, quantised, is a folder in blocks', () => {
  const file = single('z_image_turbo_fp8_scaled.safetensors', 'transformer', 'tiny-turbo/transformer');
  const folder = join(temporaryFolder(), 'transformer');
  for (const _ of quantiseComponent(file, folder, { bits: 8, block: 32, part: 'transformer' }));
  expect(compileTransformer(folder, target).step.kernels).toContain('MatMulNBits');
});
