import { createHash } from 'node:crypto';
import type { Admitted } from './renders.js';

/** Cache tags of a recipe, beside that of its image: one for it and one for its model. */
export function recipeTags({ json, recipe }: Pick<Admitted, 'json' | 'recipe'>): readonly string[] {
  return [`recipe-${recipeHash(json)}`, `model-${recipe.model.replace(/[^\w.-]/g, '_')}`];
}

/** SHA-256 of the canonical form, in base64url: what stored recipes are named by. */
export function recipeHash(json: string): string {
  return createHash('sha256').update(json).digest('base64url');
}
