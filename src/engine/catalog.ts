import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';

/** A catalog entry: what clients choose by id, with the folders that make it up. Read from `models/catalog.json`. */
export interface ModelEntry {
  readonly id: string;
  readonly name: string;
  readonly family: 'z-image';
  readonly components: ComponentFolders;
  readonly operations: readonly ('GENERATE' | 'EDIT' | 'REFINE')[];
  readonly editModes: readonly ('INPAINT' | 'STRENGTH' | 'INSTRUCTION')[];
  readonly defaults: {
    readonly width: number;
    readonly height: number;
    readonly steps: number;
    readonly guidance: number;
  };
  /** Pixels a side and in all; sides are multiples of 16. */
  readonly limits: {
    readonly minSide: number;
    readonly maxSide: number;
    readonly maxPixels: number;
    readonly maxPromptTokens: number;
  };
  readonly supportsGuidance: boolean;
  readonly supportsNegativePrompt: boolean;
}

/** Absolute paths of diffusers-layout component folders. `preview` holds an AutoencoderTiny; without one there are no previews. */
export interface ComponentFolders {
  readonly transformer: string;
  readonly textEncoder: string;
  readonly tokenizer: string;
  readonly vae: string;
  readonly scheduler: string;
  readonly preview: string | null;
}

/** The catalog cannot be read, or does not say what it must. The message names file, entry and field. */
export class CatalogError extends Error {
  override readonly name = 'CatalogError';
}

const side = z.int().min(16).multipleOf(16);
const folder = z.string().min(1);

const entrySchema = z.strictObject({
  id: z.string().regex(/^[\w.-]+$/, 'expected letters, digits, dots, hyphens and underscores'),
  name: z.string().min(1),
  family: z.literal('z-image'),
  components: z.strictObject({
    transformer: folder,
    textEncoder: folder,
    tokenizer: folder,
    vae: folder,
    scheduler: folder,
    preview: folder.nullable(),
  }),
  operations: z.array(z.enum(['GENERATE', 'EDIT', 'REFINE'])).min(1),
  editModes: z.array(z.enum(['INPAINT', 'STRENGTH', 'INSTRUCTION'])),
  defaults: z.strictObject({
    width: side,
    height: side,
    steps: z.int().min(1).max(100),
    guidance: z.number().min(0),
  }),
  limits: z.strictObject({
    minSide: side,
    maxSide: side,
    maxPixels: z.int().min(256),
    maxPromptTokens: z.int().min(1),
  }),
  supportsGuidance: z.boolean(),
  supportsNegativePrompt: z.boolean(),
});

const fileSchema = z.object({ models: z.array(entrySchema).min(1) });

/**
 * Reads a catalog file. Component folders are relative to the file's own.
 *
 * @throws CatalogError
 */
export function readCatalog(file: string): readonly ModelEntry[] {
  const json = readJson(file);
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) throw new CatalogError(sentence(file, json, parsed.error.issues[0]!));
  const base = dirname(resolve(file));
  const seen = new Set<string>();
  return parsed.data.models.map((entry) => {
    if (seen.has(entry.id)) throw new CatalogError(`${file}: two entries have the id "${entry.id}".`);
    seen.add(entry.id);
    return { ...entry, components: resolveFolders(file, entry.id, base, entry.components) };
  });
}

function resolveFolders(file: string, id: string, base: string, components: ComponentFolders): ComponentFolders {
  const resolved = (field: keyof ComponentFolders, path: string) => {
    const absolute = resolve(base, path);
    if (!existsSync(absolute))
      throw new CatalogError(
        `${file}, entry "${id}", components.${field}: expected a folder but ${absolute} does not exist.`,
      );
    return absolute;
  };
  return {
    transformer: resolved('transformer', components.transformer),
    textEncoder: resolved('textEncoder', components.textEncoder),
    tokenizer: resolved('tokenizer', components.tokenizer),
    vae: resolved('vae', components.vae),
    scheduler: resolved('scheduler', components.scheduler),
    preview: components.preview === null ? null : resolved('preview', components.preview),
  };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new CatalogError(`${file} is no catalog: ${(error as Error).message}.`, { cause: error });
  }
}

/** `models/catalog.json, entry "turbo", defaults.steps: Too big: expected number to be <=100`. */
function sentence(file: string, json: unknown, { path, message }: z.core.$ZodIssue): string {
  if (path[0] !== 'models' || typeof path[1] !== 'number')
    return `${file}, ${path.join('.') || 'top level'}: ${message}`;
  const id = (json as { models: { id?: unknown }[] }).models[path[1]]?.id;
  const entry = typeof id === 'string' ? `"${id}"` : `${path[1] + 1}`;
  return `${file}, entry ${entry}, ${path.slice(2).join('.') || 'as a whole'}: ${message}`;
}
