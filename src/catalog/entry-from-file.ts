import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CheckpointError, type Part, partsOf } from '../checkpoint/index.js';
import type { ModelEntry } from '../domain/model-entry.js';
import { packageRoot } from '../environment/package-root.js';
import { CatalogError } from './catalog.js';
import { entryOf } from './plain-entry.js';

/** Folders of ComfyUI's `models` that transformers lie in. */
const TRANSFORMERS = ['diffusion_models', 'unet', 'checkpoints'];

/** Where the other parts of a model are looked for, in this order: in folders of these names, or beside the transformer. */
const PLACES = {
  'text encoder': { folders: ['text_encoder', 'text_encoders', 'clip'], preferred: 'qwen_3_4b.safetensors' },
  autoencoder: { folders: ['vae'], preferred: 'ae.safetensors' },
} as const;

/**
 * A single file of a transformer as a catalog entry, with text encoder, autoencoder and tokenizer from the same file or from around it:
 * beside it, or in the folders of ComfyUI's `models`. No file tells Turbo from Base, so its name does: with "turbo" in it the schedule
 * is shifted by 3, else by 6. A folder `scheduler` beside it says otherwise.
 *
 * @throws CatalogError where a part is not found, or a file cannot be read
 */
export function entryFromFile(file: string): ModelEntry {
  const held = partsIn(file);
  if (!held.includes('transformer'))
    throw new CatalogError(
      `Expected the transformer of a Z-Image checkpoint in ${file} but it holds ${held.map((part) => `the ${part}`).join(' and ') || 'none'}.`,
    );
  const roots = rootsOf(file);
  const distilled = /turbo/i.test(basename(file));
  const part = (name: keyof typeof PLACES) => (held.includes(name) ? file : found(file, name, roots));
  const components = {
    transformer: file,
    adapter: null,
    textEncoder: part('text encoder'),
    tokenizer: tokenizerOf(file, roots),
    vae: part('autoencoder'),
    scheduler:
      roots.map((root) => join(root, 'scheduler')).find((folder) => existsSync(folder)) ??
      join(packageRoot(), 'models', 'z-image', `scheduler-${distilled ? 'turbo' : 'base'}`),
    preview: null,
    imageEncoder: null,
  };
  const id = basename(file, '.safetensors').replace(/[^\w.-]/g, '-');
  return entryOf(id, components, { instructed: false, distilled });
}

/** The file's folder and, where that is one of ComfyUI's, the folder of all models. */
function rootsOf(file: string): readonly string[] {
  const folder = dirname(file);
  return TRANSFORMERS.includes(basename(folder)) ? [folder, dirname(folder)] : [folder];
}

function found(file: string, part: keyof typeof PLACES, roots: readonly string[]): string {
  const { folders, preferred } = PLACES[part];
  const places = roots.flatMap((root) => [...folders.map((name) => join(root, name)), root]);
  for (const place of places) {
    if (existsSync(join(place, 'config.json')) && place !== dirname(file)) return place;
    const files = safetensorsIn(place).sort((a, b) => Number(b === preferred) - Number(a === preferred));
    const holder = files.map((name) => join(place, name)).find((one) => one !== file && partsIn(one).includes(part));
    if (holder !== undefined) return holder;
  }
  throw missing(file, `the ${part}`, places);
}

function tokenizerOf(file: string, roots: readonly string[]): string {
  const places = roots.flatMap((root) => ['tokenizer', 'text_encoders/tokenizer'].map((name) => join(root, name)));
  const place = places.find((folder) => existsSync(join(folder, 'tokenizer.json')));
  if (place !== undefined) return place;
  throw missing(file, "Qwen3's tokenizer.json and tokenizer_config.json", places);
}

function missing(file: string, what: string, places: readonly string[]): CatalogError {
  return new CatalogError(`Expected ${what} for ${file} in ${places.join(', ')} but found none.`);
}

function safetensorsIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith('.safetensors'))
      .sort();
  } catch {
    return [];
  }
}

/** @throws CatalogError where the file cannot be read */
function partsIn(file: string): readonly Part[] {
  try {
    return partsOf(file);
  } catch (error) {
    if (error instanceof CheckpointError) throw new CatalogError(error.message, { cause: error });
    throw error;
  }
}
