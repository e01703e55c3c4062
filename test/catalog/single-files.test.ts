import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CatalogError } from '../../src/catalog/catalog.js';
import { entryFromCheckpoint, listModels } from '../../src/catalog/entry-from-checkpoint.js';
import { open } from '../../src/checkpoint/index.js';
import { readSchedulerConfig } from '../../src/checkpoint/scheduler.js';
import { inScaledFloat8, published, tiny, writeSingle } from '../checkpoint/single-files.js';
import { writeTensors } from '../compiler/files.js';
import { temporaryFolder } from '../engine/checkpoints.js';

/** ComfyUI's `models`, with a transformer of that name. */
function comfyui(name = 'z_image_turbo_fp8_scaled.safetensors'): { models: string; transformer: string } {
  const models = temporaryFolder();
  writeSingle(join(models, 'diffusion_models', name), 'transformer', inScaledFloat8('transformer'));
  writeTensors(join(models, 'text_encoders', 'qwen_3_4b_fp8_scaled.safetensors'), inScaledFloat8('text encoder'));
  writeSingle(join(models, 'vae', 'ae.safetensors'), 'autoencoder', published('autoencoder'));
  cpSync(join(tiny, 'tokenizer'), join(models, 'tokenizer'), { recursive: true });
  return { models, transformer: join(models, 'diffusion_models', name) };
}

describe('a single file', () => {
  it('is a model with the other parts from ComfyUI’s folders around it', () => {
    const { models, transformer } = comfyui();
    const entry = entryFromCheckpoint(transformer);
    expect(entry).toMatchObject({
      id: 'z_image_turbo_fp8_scaled',
      supportsGuidance: false,
      components: {
        transformer,
        textEncoder: join(models, 'text_encoders', 'qwen_3_4b_fp8_scaled.safetensors'),
        tokenizer: join(models, 'tokenizer'),
        vae: join(models, 'vae', 'ae.safetensors'),
      },
    });
    expect(readSchedulerConfig(entry.components.scheduler).shift).toBe(3);
  });

  it('is Base where its name says nothing of Turbo', () => {
    const entry = entryFromCheckpoint(comfyui('z_image_bf16.safetensors').transformer);
    expect(entry).toMatchObject({ supportsGuidance: true, defaults: { steps: 28 } });
    expect(readSchedulerConfig(entry.components.scheduler).shift).toBe(6);
  });

  it('is named by CHECKPOINTS as a folder is', () => {
    const { transformer } = comfyui();
    const { models } = listModels({ MODELS_CATALOG: join(temporaryFolder(), 'none.json'), CHECKPOINTS: [transformer] });
    expect(models.map(({ id }) => id)).toEqual(['z_image_turbo_fp8_scaled']);
  });

  it.each([
    ['the tokenizer', 'tokenizer', "Qwen3's tokenizer.json"],
    ['the text encoder', 'text_encoders', 'the text encoder'],
    ['the autoencoder', 'vae', 'the autoencoder'],
  ])('without %s is refused in a sentence that says where it was looked for', (_what, folder, words) => {
    const { models, transformer } = comfyui();
    rmSync(join(models, folder), { recursive: true });
    expect(() => entryFromCheckpoint(transformer)).toThrow(CatalogError);
    expect(() => entryFromCheckpoint(transformer)).toThrow(words);
    expect(() => entryFromCheckpoint(transformer)).toThrow(join(models, folder));
  });

  it('that holds another part is refused by the name of what it holds', () => {
    const autoencoder = join(comfyui().models, 'vae', 'ae.safetensors');
    expect(() => entryFromCheckpoint(autoencoder)).toThrow('it holds the autoencoder');
    expect(() => open(autoencoder, { part: 'transformer' })).toThrow('it holds the autoencoder');
  });

  it('has its query, key and value apart, each with the scale of all three', () => {
    const { tensors } = open(comfyui().transformer);
    const q = tensors.get('layers.0.attention.to_q.weight')!;
    const v = tensors.get('layers.0.attention.to_v.weight')!;
    expect([q.shape, v.shape]).toEqual([q.shape, q.shape]);
    expect(v.offset).toBe(q.offset + 2 * q.length);
    expect(tensors.get('layers.0.attention.to_v.weight_scale')).toMatchObject({
      offset: tensors.get('layers.0.attention.to_q.weight_scale')!.offset,
    });
  });
});
