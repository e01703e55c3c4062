import { storageKey } from './dom.js';

/**
 * @typedef {import('./api.js').FormInput} FormInput
 */

/**
 * The request as the part of the page's address behind the `#`, so that an address shows the same image elsewhere.
 * @param {FormInput} input
 */
export function toHash(input) {
  const { prompt, seed, width, height, steps, count, guidance, negativePrompt, model, strength, loras, mask } = input;
  const id = input.image !== undefined && 'id' in input.image ? input.image.id : undefined;
  const parts = new URLSearchParams();
  const entries = {
    do: input.operation?.toLowerCase(),
    image: id,
    prompt,
    seed,
    size: width && height ? `${width}x${height}` : undefined,
  };
  for (const [name, value] of Object.entries({
    ...entries,
    steps,
    count,
    guidance,
    away: negativePrompt,
    model,
    strength,
    add: loras?.map(({ id: name, weight }) => `${name}:${weight}`).join(),
    // What was painted finds no place in an address, that something was does.
    painted: mask === undefined ? undefined : 'yes',
  })) {
    if (value !== undefined && value !== '') parts.set(name, String(value));
  }
  return `#${parts}`;
}

/**
 * @param {string} hash
 * @returns {FormInput | null} null for an address that says nothing
 */
export function fromHash(hash) {
  const parts = new URLSearchParams(hash.replace(/^#/, ''));
  const prompt = parts.get('prompt') ?? '';
  // To refine needs no words.
  if (prompt === '' && !parts.has('do')) return null;
  const [, width, height] = /^(\d+)x(\d+)$/.exec(parts.get('size') ?? '') ?? [];
  const operation = /** @type {import('./api.js').Operation | undefined} */ (parts.get('do')?.toUpperCase());
  const image = parts.get('image');
  return {
    prompt,
    ...given('operation', operation === 'EDIT' || operation === 'REFINE' ? operation : undefined),
    ...given('image', image === null ? undefined : { id: image }),
    ...given('mask', parts.has('painted') ? { upload: elsewhere } : undefined),
    ...given('strength', number(parts.get('strength'))),
    ...given('loras', lorasOf(parts.get('add'))),
    ...given('seed', seedOf(parts.get('seed') ?? '')),
    ...given('width', number(width)),
    ...given('height', number(height)),
    ...given('steps', number(parts.get('steps'))),
    ...given('count', number(parts.get('count'))),
    ...given('guidance', number(parts.get('guidance'))),
    ...given('negativePrompt', parts.get('away') ?? undefined),
    ...given('model', parts.get('model') ?? undefined),
  };
}

/** The name of a mask that was painted on another page. */
const elsewhere = 'elsewhere';

/** @param {string | null} text as in `blueprint:0.8,other:1` */
function lorasOf(text) {
  if (text === null) return undefined;
  return text.split(',').map((part) => {
    const [id = '', weight] = part.split(':');
    return { id, weight: number(weight) ?? 1 };
  });
}

/**
 * Keeps what an address asked for while its reader looks for the key.
 * @param {string} hash
 */
export function saveReturnHash(hash) {
  sessionStorage.setItem(storageKey('asked'), hash);
}

/** What was left at the door, once. */
export function fetchFromTheDoor() {
  const hash = sessionStorage.getItem(storageKey('asked'));
  sessionStorage.removeItem(storageKey('asked'));
  return hash;
}

/**
 * A seed as it was typed: digits as a number, everything else as it stands, for the server to judge.
 * @param {string} text
 * @returns {number | string | undefined}
 */
export function seedOf(text) {
  const typed = text.trim();
  if (typed === '') return undefined;
  return /^\d+$/.test(typed) && Number.isSafeInteger(Number(typed)) ? Number(typed) : typed;
}

/**
 * @param {string | null | undefined} text
 * @returns {number | undefined}
 */
export function number(text) {
  return text == null || text.trim() === '' || Number.isNaN(Number(text)) ? undefined : Number(text);
}

/**
 * A property that is left out when it has no value.
 * @template {string} K
 * @template V
 * @param {K} name
 * @param {V | undefined} value
 * @returns {{ [P in K]?: V }}
 */
export function given(name, value) {
  return /** @type {{ [P in K]?: V }} */ (value === undefined ? {} : { [name]: value });
}
