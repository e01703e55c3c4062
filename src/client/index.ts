/** What sites and programs import as `inkstone/client`: no dependencies, for Node, Deno, Workers and browsers. */
export { DAY, type Extension, MAX_ADDRESS, type RenderPath, readPayload, readRenderPath } from './address.js';
export { canonicalJson, canonicalRecipe, parseRecipe } from './canonical.js';
export { type FollowedEvent, type FollowOptions, FollowRefused, follow } from './follow.js';
export { type Ink, type InkOptions, ink, LADDER, nearest, sized, srcset } from './ink.js';
export {
  type EditRecipe,
  type GenerateRecipe,
  InvalidRecipe,
  type Recipe,
  type RefineRecipe,
  type Region,
} from './recipe.js';
export { type SignOptions, sign, signStored, storedId, type Verdict, verify } from './sign.js';
export type { RenderKey } from './signature.js';
