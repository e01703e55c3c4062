import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { TOKEN_SIDE } from '../domain/latent.js';
import type { ComponentLocations, ModelEntry } from '../domain/model-entry.js';

/** The catalog cannot be read, or a field is missing or wrong. The message names file, entry and field. */
export class CatalogError extends Error {
  override readonly name = 'CatalogError';
}

const side = z.int().min(TOKEN_SIDE).multipleOf(TOKEN_SIDE);
const folder = z.string().min(1);
const name = z.string().regex(/^[\w.-]+$/, 'expected letters, digits, dots, hyphens and underscores');

const fieldsSchema = z.strictObject({
  id: name,
  name: z.string().min(1),
  family: z.literal('z-image'),
  components: z.preprocess(
    withAdapter,
    z.strictObject({
      transformer: folder,
      adapter: folder.nullable().default(null),
      textEncoder: folder,
      tokenizer: folder,
      vae: folder,
      scheduler: folder,
      preview: folder.nullable().default(null),
      imageEncoder: folder.nullable().default(null),
    }),
  ),
  operations: z.array(z.enum(['GENERATE', 'EDIT', 'REFINE'])).min(1),
  editModes: z.array(z.enum(['INPAINT', 'STRENGTH', 'INSTRUCTION'])),
  defaults: z.strictObject({
    width: side,
    height: side,
    steps: z.int().min(1).max(100),
    guidance: z.number().min(0),
    refineSteps: z.int().min(1).max(100).default(4),
    refineStrength: z.number().gt(0).max(1).default(0.35),
  }),
  limits: z.strictObject({
    minSide: side,
    maxSide: side,
    maxPixels: z.int().min(256),
    maxPromptTokens: z.int().min(1),
    maxReferences: z.int().min(0).max(8).default(0),
  }),
  supportsGuidance: z.boolean(),
  supportsNegativePrompt: z.boolean(),
  loras: z.array(z.strictObject({ id: name, name: folder, description: z.string(), file: folder })).default([]),
});

/** Fields that are valid by themselves may contradict each other. */
const entrySchema = fieldsSchema.superRefine(
  ({ operations, editModes, defaults, limits, supportsGuidance, loras }, ctx) => {
    const expect = (
      holds: boolean,
      path: readonly (string | number)[],
      expected: string,
      received: string | number,
    ) => {
      if (!holds)
        ctx.addIssue({ code: 'custom', path: [...path], message: `expected ${expected} but received ${received}` });
    };
    const { minSide, maxSide, maxPixels } = limits;
    const { width, height, guidance } = defaults;
    expect(minSide <= maxSide, ['limits', 'minSide'], `at most maxSide, ${maxSide},`, minSide);
    expect(minSide ** 2 <= maxPixels, ['limits', 'maxPixels'], `at least minSide², ${minSide ** 2},`, maxPixels);
    for (const [name, size] of Object.entries({ width, height }))
      expect(
        size >= minSide && size <= maxSide,
        ['defaults', name],
        `within the limits, ${minSide} … ${maxSide},`,
        size,
      );
    expect(width * height <= maxPixels, ['defaults'], `at most maxPixels, ${maxPixels},`, `${width} × ${height}`);
    expect(supportsGuidance || guidance === 0, ['defaults', 'guidance'], '0, as supportsGuidance is false,', guidance);
    expect(
      operations.includes('EDIT') === editModes.length > 0,
      ['editModes'],
      operations.includes('EDIT') ? 'at least one, as EDIT is an operation,' : 'none, as EDIT is no operation,',
      editModes.join(', ') || 'none',
    );
    for (const [i, { id }] of loras.entries())
      expect(loras.findIndex((lora) => lora.id === id) === i, ['loras', i, 'id'], 'an id of its own', id);
  },
);

/** `adapter` under the name that it had in earlier catalogs, `difference`. */
function withAdapter(components: unknown): unknown {
  if (typeof components !== 'object' || components === null || !('difference' in components)) return components;
  const { difference, ...others } = components;
  return { adapter: difference, ...others };
}

const fileSchema = z.object({ models: z.array(entrySchema).min(1) });

/**
 * Reads a catalog file. Locations of components are relative to the file's folder; whether they exist is not checked.
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
    return {
      ...entry,
      components: resolved(entry.components, base),
      loras: entry.loras.map((lora) => ({ ...lora, file: resolve(base, lora.file) })),
    };
  });
}

function resolved(components: ComponentLocations, base: string): ComponentLocations {
  const required = (field: keyof ComponentLocations) => resolve(base, components[field]!);
  const optional = (field: keyof ComponentLocations) => (components[field] === null ? null : required(field));
  return {
    transformer: required('transformer'),
    adapter: optional('adapter'),
    textEncoder: required('textEncoder'),
    tokenizer: required('tokenizer'),
    vae: required('vae'),
    scheduler: required('scheduler'),
    preview: optional('preview'),
    imageEncoder: optional('imageEncoder'),
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
