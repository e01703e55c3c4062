import { InvalidRecipe, type Recipe, type RenderKey, sign } from '../client/index.js';
import { refusedAs } from '../domain/validation.js';

/** The path of a recipe's address, signed by the key of that id; left out, by the first. @throws InvalidInput */
export async function signRecipe(
  recipe: Recipe,
  keys: readonly RenderKey[],
  { keyId, expires }: { readonly keyId?: string | null | undefined; readonly expires?: Date | undefined },
): Promise<string> {
  const key = keyId == null ? keys[0] : keys.find(({ id }) => id === keyId);
  if (key === undefined) {
    const ids = [...new Set(keys.map(({ id }) => id))].join(', ');
    throw refusedAs('keyId', `one of RENDER_KEYS (${ids === '' ? 'none are set' : ids})`, keyId ?? 'none');
  }
  try {
    return await sign(recipe, key, { expires });
  } catch (error) {
    if (error instanceof InvalidRecipe) throw refusedAs(error.field, error.expected, error.received);
    throw error;
  }
}
