import { rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diffusers, factorsOf, tensorsOf } from '../checkpoint/lora-files.js';
import { writeTensors } from '../compiler/files.js';
import { catalogOf, draw, newFolder, offered, serving, tinyCopy } from './catalogs.js';

function loraFile(): string {
  const file = join(newFolder(), 'lora.safetensors');
  writeTensors(file, tensorsOf(factorsOf(2), diffusers));
  return file;
}

function mismatch(): string {
  const file = join(newFolder(), 'mismatch.safetensors');
  writeTensors(file, { 'transformer.layers.0.attention.to_q.lora_A.weight': { type: 'F32', shape: [4, 64] } });
  return file;
}

describe('what cannot be used', () => {
  it('is named in the log, each with its sentence, and not offered; the others are', async () => {
    const [damaged, whole] = [tinyCopy(), tinyCopy()];
    truncateSync(join(damaged, 'vae', 'diffusion_pytorch_model.safetensors'), 3000);
    const loras = { good: loraFile(), gone: join(newFolder(), 'gone.safetensors'), mismatch: mismatch() };
    const catalog = catalogOf(
      { id: 'damaged', checkpoint: damaged },
      { id: 'whole', checkpoint: whole, loras },
      { id: 'nowhere', checkpoint: join(newFolder(), 'nowhere') },
    );
    const program = await serving(catalog);
    expect(await offered(program)).toEqual({ whole: ['good'] });
    for (const what of ['model "damaged"', 'model "nowhere"', 'LoRA \\"gone\\"', 'LoRA \\"mismatch\\"'])
      expect(program.output()).toContain(what.replaceAll('"', '\\"').replaceAll('\\\\', '\\'));
    expect(program.output()).toContain('Ready in');
    expect(program.output()).toContain('with the model whole.');

    // Left out, the first that can be used draws; who names another hears why it cannot, and no path.
    expect(await draw(program)).toMatchObject({ status: 'SUCCEEDED' });
    const refusals = [
      await draw(program, { model: 'damaged' }),
      await draw(program, { model: 'nowhere' }),
      await draw(program, { loras: [{ id: 'gone', weight: 1 }] }),
      await draw(program, { loras: [{ id: 'mismatch', weight: 1 }] }),
    ];
    expect(refusals).toMatchObject([
      { __typename: 'UnknownModel', code: 'UNUSABLE_MODEL', message: expect.stringContaining('a file is damaged') },
      { __typename: 'UnknownModel', code: 'UNUSABLE_MODEL', message: expect.stringContaining('a file is missing') },
      { __typename: 'InvalidInput', code: 'UNUSABLE_LORA', message: expect.stringContaining('a file is missing') },
      { __typename: 'InvalidInput', code: 'UNUSABLE_LORA', message: expect.stringContaining('it is not made for') },
    ]);
    for (const { message, retryable } of refusals) {
      expect(message).not.toContain('/');
      expect(retryable).toBe(false);
    }
  });

  it('may be so only later: what vanishes is offered no more, and again when it is back', async () => {
    const checkpoint = tinyCopy();
    const lora = loraFile();
    const other = tinyCopy();
    const program = await serving(
      catalogOf({ id: 'first', checkpoint, loras: { ink: lora } }, { id: 'other', checkpoint: other }),
    );
    expect(await offered(program)).toEqual({ first: ['ink'], other: [] });
    rmSync(lora);
    rmSync(join(other, 'vae', 'config.json'));
    expect(await offered(program)).toEqual({ first: [] });
    expect(await draw(program, { loras: [{ id: 'ink', weight: 1 }] })).toMatchObject({ code: 'UNUSABLE_LORA' });
    expect(await draw(program, { model: 'other' })).toMatchObject({ code: 'UNUSABLE_MODEL' });
    writeTensors(lora, tensorsOf(factorsOf(2), diffusers));
    expect(await offered(program)).toEqual({ first: ['ink'] });
    expect(await draw(program, { loras: [{ id: 'ink', weight: 1 }] })).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('ends the program where nothing else is there, each with its sentence', async () => {
    const broken = [tinyCopy(), tinyCopy()];
    for (const folder of broken) writeFileSync(join(folder, 'vae', 'config.json'), '{}');
    const catalog = catalogOf(...broken.map((checkpoint, i) => ({ id: `m${i}`, checkpoint })));
    await expect(serving(catalog)).rejects.toThrow(broken[1]);
  });
});
