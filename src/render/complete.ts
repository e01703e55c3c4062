import { randomInt } from 'node:crypto';
import { canonicalRecipe, InvalidRecipe, type Recipe } from '../client/index.js';
import { refused, refusedAs } from '../domain/validation.js';
import type { Model } from '../generation/types.js';

/** A recipe in which what has a default may be left out. */
export type PartialRecipe = Readonly<Record<string, unknown>>;

/** Seeds that are drawn, which clients in any language hold. */
const SEEDS = 2 ** 32;

/**
 * The recipe with everything explicit that decides pixels: defaults are those of its model now, a seed that is left out is drawn.
 *
 * @param models those that can be used, the default first
 * @throws InvalidInput
 */
export function completeRecipe(given: PartialRecipe, models: readonly Model[]): Recipe {
  const { operation = 'generate', ...said } = stated(given);
  const model = modelOf(operation, said, models);
  const whole = { ...defaultsOf(operation, said, model), seed: randomInt(SEEDS), ...said, operation, model: model.id };
  try {
    return canonicalRecipe(whole);
  } catch (error) {
    if (error instanceof InvalidRecipe) throw refusedAs(error.field, error.expected, error.received);
    throw error;
  }
}

/** Null and undefined leave a field out. */
function stated(given: PartialRecipe): PartialRecipe {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value != null));
}

function modelOf(operation: unknown, said: PartialRecipe, models: readonly Model[]): Model {
  const mode = said.mask !== undefined ? 'INPAINT' : said.strength !== undefined ? 'STRENGTH' : 'INSTRUCTION';
  const able = models.filter(
    ({ operations, editModes }) =>
      operations.some((can) => can === String(operation).toUpperCase()) &&
      (operation !== 'edit' || editModes.includes(mode)),
  );
  const asked = said.model;
  const model = asked === undefined ? able[0] : models.find(({ id, name }) => id === asked || name === asked);
  if (model !== undefined) return model;
  throw refused('model', `one of ${able.map(({ id }) => id).join(', ') || 'none, as no model here can do it'}`, asked);
}

function defaultsOf(operation: unknown, said: PartialRecipe, model: Model): PartialRecipe {
  const { defaultSteps: steps, defaultGuidance: guidance, defaultWidth: width, defaultHeight: height } = model;
  if (operation === 'refine') return { steps: model.defaultRefineSteps, strength: model.defaultRefineStrength };
  if (operation === 'edit') return { steps, guidance, ...(said.mask === undefined ? {} : { strength: 1 }) };
  return { steps, guidance, width, height };
}
