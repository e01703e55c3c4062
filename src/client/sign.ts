import {
  DAY,
  type Extension,
  MAX_ADDRESS,
  type RenderPath,
  readRenderPath,
  renderPath,
  signedText,
} from './address.js';
import { toBase64Url } from './base64url.js';
import { canonicalJson } from './canonical.js';
import { InvalidRecipe, type Recipe } from './recipe.js';
import { equalInConstantTime, type RenderKey, signatureOf } from './signature.js';

export interface SignOptions {
  /** When the address ends, rounded up to a day (UTC), so that addresses made on one day are the same. Left out: never. */
  readonly expires?: Date | undefined;
  /** Left out: `auto`. */
  readonly extension?: Extension | undefined;
}

/**
 * The render address of a recipe, without the host. Equal recipes, keys and days give equal addresses.
 *
 * @throws InvalidRecipe, also where the address would be longer than 4,096 characters: `signStored` signs the id of a stored recipe
 */
export async function sign(recipe: Recipe, key: RenderKey, options: SignOptions = {}): Promise<string> {
  const payload = toBase64Url(new TextEncoder().encode(canonicalJson(recipe)));
  const path = await signPayload(payload, key, options);
  if (path.length <= MAX_ADDRESS) return path;
  throw new InvalidRecipe('recipe', `short enough for an address of ${MAX_ADDRESS} characters`, `${path.length}`);
}

/** The name under which a server keeps a recipe that is too long for an address. */
export async function storedId(recipe: Recipe): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(canonicalJson(recipe)));
  return `~${toBase64Url(new Uint8Array(hash))}`;
}

/** The render address of a recipe that the server keeps. */
export async function signStored(recipe: Recipe, key: RenderKey, options: SignOptions = {}): Promise<string> {
  return signPayload(await storedId(recipe), key, options);
}

async function signPayload(payload: string, { id, secret }: RenderKey, options: SignOptions): Promise<string> {
  const expires = options.expires === undefined ? null : Math.ceil(options.expires.getTime() / 1000 / DAY) * DAY;
  const parts = { keyId: id, expires, payload };
  const signature = await signatureOf(secret, signedText(parts));
  return renderPath({ ...parts, signature, extension: options.extension ?? 'auto' });
}

export type Verdict =
  | { readonly outcome: 'valid'; readonly path: RenderPath }
  /** `malformed`: no render address. `forged`: no key that is known signed it. */
  | { readonly outcome: 'malformed' | 'forged' | 'expired' };

/**
 * Whether one of the keys signed the address. Nothing of the recipe is read before that is known.
 *
 * @param path without the host and the query
 * @param now milliseconds since 1970
 */
export async function verify(path: string, keys: readonly RenderKey[], now: number): Promise<Verdict> {
  const read = readRenderPath(path);
  if (read === null) return { outcome: 'malformed' };
  // Two keys of one id: while a secret is changed, both hold.
  const candidates = keys.filter(({ id }) => id === read.keyId);
  const text = signedText(read);
  let valid = false;
  for (const { secret } of candidates)
    valid = equalInConstantTime(await signatureOf(secret, text), read.signature) || valid;
  if (!valid) return { outcome: 'forged' };
  if (read.expires !== null && read.expires * 1000 <= now) return { outcome: 'expired' };
  return { outcome: 'valid', path: read };
}
