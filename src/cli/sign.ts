import type { Settings } from '../app/config.js';
import { listModels } from '../catalog/entry-from-checkpoint.js';
import { canonicalJson } from '../client/index.js';
import { InvalidInput } from '../domain/problems.js';
import { toModel } from '../generation/model.js';
import { completeRecipe, type PartialRecipe } from '../render/complete.js';
import { signRecipe } from '../render/sign-recipe.js';
import { UsageError } from './usage.js';

export interface SignCommandOptions {
  readonly key?: string;
  readonly expires?: string;
  readonly base?: string;
  readonly json?: true;
}

/** `inkstone sign`: the address of a recipe, on standard output. */
export async function signCommand(settings: Settings, text: string, options: SignCommandOptions): Promise<void> {
  const expires = options.expires === undefined ? undefined : new Date(options.expires);
  if (expires !== undefined && Number.isNaN(expires.getTime()))
    throw new UsageError(`Expected --expires to be a date such as 2027-01-31 but received ${options.expires}.`);
  const models = listModels(settings.engine).models.map((entry) => toModel(entry, false));
  try {
    const recipe = completeRecipe(readJson(text), models);
    const path = await signRecipe(recipe, settings.http.RENDER_KEYS, { keyId: options.key, expires });
    const address = (options.base ?? settings.http.PUBLIC_URL ?? '').replace(/\/+$/, '') + path;
    const told = { url: address, placeholder: `${address}?placeholder`, recipe: JSON.parse(canonicalJson(recipe)) };
    process.stdout.write(`${options.json ? JSON.stringify(told) : address}\n`);
  } catch (error) {
    if (error instanceof InvalidInput) throw new UsageError(error.message);
    throw error;
  }
}

function readJson(text: string): PartialRecipe {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new UsageError(`Expected <recipe> to be JSON but received ${text.slice(0, 60)}.`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new UsageError('Expected <recipe> to be a JSON object but received another value.');
  return value as PartialRecipe;
}
