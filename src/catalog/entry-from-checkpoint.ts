import { existsSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ComponentLocations, ModelEntry } from '../domain/model-entry.js';
import { CatalogError, readCatalog } from './catalog.js';
import { entryFromFile } from './entry-from-file.js';
import { entryOf } from './plain-entry.js';

/**
 * Pipelines of diffusers that one checkpoint serves: they differ only in what they do with it. The control of a ControlNet's is not
 * used.
 */
const PIPELINES = [
  'ZImagePipeline',
  'ZImageImg2ImgPipeline',
  'ZImageInpaintPipeline',
  'ZImageOmniPipeline',
  'ZImageControlNetPipeline',
  'ZImageControlNetInpaintPipeline',
];

/**
 * A plain checkpoint as a catalog entry: a single file with the parts around it (entry-from-file.ts), or a diffusers folder
 * (`model_index.json` of one of the family's pipelines). Of a folder, the scheduler's shift tells Turbo (3) from Base (6); the id is its
 * name, or the repository's in a Hugging Face cache.
 *
 * @throws CatalogError
 */
export function entryFromCheckpoint(path: string): ModelEntry {
  const folder = resolve(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isFile() === true) return entryFromFile(folder);
  const pipeline = readField(join(folder, 'model_index.json'), '_class_name');
  if (typeof pipeline !== 'string' || !PIPELINES.includes(pipeline))
    throw new CatalogError(
      `Expected one of ${PIPELINES.join(', ')} in ${join(folder, 'model_index.json')} but received ${JSON.stringify(pipeline) ?? 'nothing'}.`,
    );
  const shift = readField(join(folder, 'scheduler', 'scheduler_config.json'), 'shift');
  if (typeof shift !== 'number')
    throw new CatalogError(
      `Expected a number for shift in ${join(folder, 'scheduler')} but received ${JSON.stringify(shift)}.`,
    );
  return entryOf(repositoryName(folder), folders(folder), {
    instructed: pipeline === 'ZImageOmniPipeline',
    // Shift 3 is distilled: few steps, guidance baked in.
    distilled: shift < 4.5,
  });
}

function folders(folder: string): ComponentLocations {
  const component = (name: string) => join(folder, name);
  const optional = (name: string) => (existsSync(join(folder, name)) ? join(folder, name) : null);
  return {
    transformer: component('transformer'),
    adapter: null,
    textEncoder: component('text_encoder'),
    tokenizer: component('tokenizer'),
    vae: component('vae'),
    scheduler: component('scheduler'),
    preview: optional('preview'),
    imageEncoder: optional('siglip'),
  };
}

/** `…/models--Tongyi-MAI--Z-Image-Turbo/snapshots/<commit>` → `Z-Image-Turbo`; otherwise the folder's own name. */
function repositoryName(folder: string): string {
  const repository = basename(dirname(dirname(folder)));
  const name =
    basename(dirname(folder)) === 'snapshots' && repository.startsWith('models--')
      ? repository.split('--').at(-1)!
      : basename(folder);
  return name.replace(/[^\w.-]/g, '-');
}

function readField(file: string, field: string): unknown {
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>)[field];
  } catch (error) {
    throw new CatalogError(
      `Expected a diffusers checkpoint but ${file} could not be read: ${(error as Error).message}.`,
      {
        cause: error,
      },
    );
  }
}

export interface ModelSettings {
  readonly MODELS_CATALOG: string;
  readonly CHECKPOINTS: readonly string[];
}

/**
 * Every model there is: first the plain checkpoints, so that one that is named is the default, then those of the catalog file. Without a
 * catalog file the checkpoints stand alone. One that cannot be read takes nothing from the others: what is wrong with it is a sentence
 * beside them.
 *
 * @throws CatalogError
 */
export function listModels({ MODELS_CATALOG, CHECKPOINTS }: ModelSettings): {
  readonly models: readonly ModelEntry[];
  readonly unreadable: readonly string[];
} {
  const listed = existsSync(MODELS_CATALOG) || CHECKPOINTS.length === 0 ? readCatalog(MODELS_CATALOG) : [];
  const named: ModelEntry[] = [];
  const unreadable: string[] = [];
  for (const folder of CHECKPOINTS) {
    try {
      named.push(entryFromCheckpoint(folder));
    } catch (error) {
      if (!(error instanceof CatalogError)) throw error;
      unreadable.push(error.message);
    }
  }
  const models = [...named, ...listed];
  const ids = models.map(({ id }) => id);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new CatalogError(`Two models have the id "${twice}": rename a checkpoint's folder.`);
  if (models.length === 0) throw new CatalogError(unreadable.join(' '));
  return { models, unreadable };
}

/** The same, where every model that is named must be there. @throws CatalogError */
export function readModels(settings: ModelSettings): readonly ModelEntry[] {
  const { models, unreadable } = listModels(settings);
  if (unreadable.length > 0) throw new CatalogError(unreadable.join(' '));
  return models;
}
