import { fields } from './fields.js';
import { InvalidRecipe, type Operation, type Recipe } from './recipe.js';

/**
 * The recipe in its canonical form: JSON with the fields in their fixed order, text in NFC, and nothing left out but what is neutral.
 * Equal recipes have equal canonical forms.
 *
 * @throws InvalidRecipe
 */
export function canonicalJson(recipe: Recipe): string {
  return JSON.stringify(canonicalRecipe(recipe));
}

/** What came as JSON, as a recipe in canonical form. @throws InvalidRecipe */
export function parseRecipe(json: string): Recipe {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new InvalidRecipe('recipe', 'JSON', json);
  }
  return canonicalRecipe(value);
}

/** @throws InvalidRecipe */
export function canonicalRecipe(value: unknown): Recipe {
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw new InvalidRecipe('recipe', 'an object', value);
  const given = value as Readonly<Record<string, unknown>>;
  const operation = fields.operation!.read(given.operation, 'operation') as Operation;
  for (const [name, value] of Object.entries(given)) {
    const field = Object.hasOwn(fields, name) ? fields[name]! : null;
    const known = field !== null && [...field.required, ...(field.optional ?? [])].includes(operation);
    if (!known && value != null) throw new InvalidRecipe(name, `left out of ${operation}`, value);
  }
  const recipe: Record<string, unknown> = {};
  for (const [name, { read, required, neutral }] of Object.entries(fields)) {
    if (given[name] == null && !required.includes(operation)) continue;
    const value = read(given[name], name);
    if (value !== undefined && (value !== neutral || required.includes(operation))) recipe[name] = value;
  }
  requireConsistent(recipe as unknown as Recipe);
  return recipe as unknown as Recipe;
}

function requireConsistent(recipe: Recipe): void {
  if (recipe.operation === 'edit') {
    if (recipe.mask !== undefined && recipe.strength === undefined)
      throw new InvalidRecipe('strength', 'given where there is a mask', undefined);
    if (recipe.references !== undefined && recipe.strength !== undefined)
      throw new InvalidRecipe('references', 'left out where there is a strength', recipe.references);
  }
  if (recipe.operation === 'refine' && recipe.mask !== undefined && recipe.regions !== undefined)
    throw new InvalidRecipe('regions', 'left out where there is a mask', recipe.regions);
}
