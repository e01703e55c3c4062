import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCatalog } from '../../src/catalog/catalog.js';
import { entryFromCheckpoint, listModels, readModels } from '../../src/catalog/entry-from-checkpoint.js';
import { fixtures, temporaryFolder } from '../engine/checkpoints.js';

const folders = ['transformer', 'text_encoder', 'tokenizer', 'vae', 'scheduler'];

function entry(changes: object = {}) {
  return {
    id: 'ink',
    name: 'Ink',
    family: 'z-image',
    components: {
      transformer: 'ink/transformer',
      textEncoder: 'ink/text_encoder',
      tokenizer: 'ink/tokenizer',
      vae: 'ink/vae',
      scheduler: 'ink/scheduler',
      preview: null,
    },
    operations: ['GENERATE'],
    editModes: [],
    defaults: { width: 256, height: 256, steps: 8, guidance: 0 },
    limits: { minSide: 64, maxSide: 512, maxPixels: 262144, maxPromptTokens: 512 },
    supportsGuidance: false,
    supportsNegativePrompt: false,
    ...changes,
  };
}

const lora = { id: 'ink', name: 'Ink', description: '', file: 'catalog.json' };

/** A catalog file beside empty component folders. */
function catalogOf(...models: object[]): string {
  const folder = temporaryFolder();
  for (const name of folders) mkdirSync(join(folder, 'ink', name), { recursive: true });
  const file = join(folder, 'catalog.json');
  writeFileSync(file, JSON.stringify({ models }));
  return file;
}

describe('a catalog', () => {
  it('gives entries with absolute folders', () => {
    const file = catalogOf(entry());
    const [model] = readCatalog(file);
    expect(model?.id).toBe('ink');
    expect(model?.components.textEncoder).toBe(join(file, '..', 'ink', 'text_encoder'));
  });

  it.each(['adapter', 'difference'])('names the low-rank factors of a model as its %s', (name) => {
    const file = catalogOf(entry({ components: { ...entry().components, [name]: 'ink/factors.safetensors' } }));
    expect(readCatalog(file)[0]?.components.adapter).toBe(join(file, '..', 'ink', 'factors.safetensors'));
  });

  it.each([
    ['a value of the wrong kind', { name: 7 }, /entry "ink", name/],
    ['a missing value', { limits: undefined }, /entry "ink", limits/],
    [
      'a side that is no multiple of 16',
      { defaults: { width: 250, height: 256, steps: 8, guidance: 0 } },
      /defaults\.width/,
    ],
    ['a word it does not know', { colour: 'blue' }, /colour/],
    [
      'a default size beyond the limits',
      { defaults: { ...entry().defaults, width: 1024 } },
      /defaults\.width: expected within the limits, 64 … 512, but received 1024/,
    ],
    ['a default area beyond the limits', { limits: { ...entry().limits, maxPixels: 65_520 } }, /defaults: .*256 × 256/],
    ['limits that leave no size', { limits: { ...entry().limits, minSide: 528 } }, /limits\.minSide/],
    ['a guidance that is not supported', { defaults: { ...entry().defaults, guidance: 2 } }, /defaults\.guidance/],
    ['edits without a mode', { operations: ['EDIT'] }, /editModes: expected at least one/],
    ['a mode without edits', { editModes: ['INPAINT'] }, /editModes: expected none/],
    [
      'a LoRA’s id that another has',
      { loras: [lora, lora] },
      /loras\.1\.id: expected an id of its own but received ink/,
    ],
  ])('names file, entry and field of %s', (_what, changes, message) => {
    const file = catalogOf(entry(changes));
    expect(() => readCatalog(file)).toThrow(message);
    expect(() => readCatalog(file)).toThrow(file);
  });

  it('refuses two entries of one id, and what is no JSON', () => {
    expect(() => readCatalog(catalogOf(entry(), entry()))).toThrow('two entries have the id "ink"');
    expect(() => readCatalog(join(temporaryFolder(), 'nothing.json'))).toThrow('nothing.json');
  });
});

describe('a plain checkpoint folder', () => {
  it('is an entry, Turbo or Base by its shift', () => {
    const turbo = entryFromCheckpoint(join(fixtures, 'tiny-turbo'));
    expect(turbo).toMatchObject({ id: 'tiny-turbo', supportsGuidance: false });
    expect(turbo.defaults).toMatchObject({ width: 1024, height: 1024, steps: 8, guidance: 0 });
    const copy = join(temporaryFolder(), 'base');
    cpSync(join(fixtures, 'tiny-turbo'), copy, { recursive: true });
    writeFileSync(join(copy, 'scheduler', 'scheduler_config.json'), JSON.stringify({ shift: 6 }));
    const base = entryFromCheckpoint(copy);
    expect(base).toMatchObject({ supportsGuidance: true, supportsNegativePrompt: true });
    expect(base.defaults).toMatchObject({ steps: 28, guidance: 4 });
  });

  it('has the name of its repository in a Hugging Face cache', () => {
    const snapshot = join(
      temporaryFolder(),
      'models--Tongyi-MAI--Z-Image-Turbo',
      'snapshots',
      'f332072aa78be7aecdf3ee76d5c247082da564a6',
    );
    for (const name of folders) mkdirSync(join(snapshot, name), { recursive: true });
    writeFileSync(join(snapshot, 'model_index.json'), JSON.stringify({ _class_name: 'ZImagePipeline' }));
    writeFileSync(join(snapshot, 'scheduler', 'scheduler_config.json'), JSON.stringify({ shift: 3 }));
    expect(entryFromCheckpoint(snapshot).id).toBe('Z-Image-Turbo');
  });

  it.each(['ZImageImg2ImgPipeline', 'ZImageInpaintPipeline', 'ZImageOmniPipeline', 'ZImageControlNetPipeline'])(
    'may be saved by a %s',
    (pipeline) => {
      const copy = join(temporaryFolder(), 'saved');
      cpSync(join(fixtures, 'tiny-turbo'), copy, { recursive: true });
      writeFileSync(join(copy, 'model_index.json'), JSON.stringify({ _class_name: pipeline }));
      expect(entryFromCheckpoint(copy).operations).toEqual(['GENERATE', 'EDIT', 'REFINE']);
    },
  );

  it('that is no checkpoint takes nothing from the others', () => {
    const nowhere = join(temporaryFolder(), 'nowhere');
    const settings = { MODELS_CATALOG: catalogOf(entry()), CHECKPOINTS: [nowhere, join(fixtures, 'tiny-turbo')] };
    const { models, unreadable } = listModels(settings);
    expect(models.map(({ id }) => id)).toEqual(['tiny-turbo', 'ink']);
    expect(unreadable).toEqual([expect.stringContaining(nowhere)]);
    expect(() => readModels(settings)).toThrow(nowhere);
  });

  it('of another pipeline is refused, as is an incomplete one', () => {
    const folder = temporaryFolder();
    expect(() => entryFromCheckpoint(folder)).toThrow('model_index.json');
    writeFileSync(join(folder, 'model_index.json'), JSON.stringify({ _class_name: 'FluxPipeline' }));
    expect(() => entryFromCheckpoint(folder)).toThrow('FluxPipeline');
  });

  it('stands beside the catalog, where its id is free', () => {
    const settings = { MODELS_CATALOG: catalogOf(entry()), CHECKPOINTS: [join(fixtures, 'tiny-turbo')] };
    expect(readModels(settings).map(({ id }) => id)).toEqual(['tiny-turbo', 'ink']);
    expect(() =>
      readModels({ ...settings, CHECKPOINTS: [...settings.CHECKPOINTS, join(fixtures, 'tiny-turbo')] }),
    ).toThrow('tiny-turbo');
  });
});
