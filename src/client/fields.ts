import { InvalidRecipe, type Operation } from './recipe.js';

/** Brings a value into its one form. @throws InvalidRecipe */
type Read = (value: unknown, field: string) => unknown;

export interface Field {
  readonly read: Read;
  /** Operations that cannot do without it. */
  readonly required: readonly Operation[];
  /** Operations that know it; left out, those that require it. */
  readonly optional?: readonly Operation[];
  /** What leaving the field out means: the canonical form leaves such a value out. */
  readonly neutral?: unknown;
}

const all = ['generate', 'edit', 'refine'] as const;
const guided = ['generate', 'edit'] as const;
const changes = ['edit', 'refine'] as const;

/** The grammar of recipes. The order is that of the canonical form and never changes: new fields stand at the end. */
export const fields: Readonly<Record<string, Field>> = {
  operation: { read: oneOf(all), required: all },
  model: { read: text, required: all },
  prompt: { read: text, required: guided, optional: ['refine'], neutral: '' },
  negativePrompt: { read: text, required: [], optional: guided, neutral: '' },
  image: { read: imageId, required: changes },
  mask: { read: imageId, required: [], optional: changes },
  references: { read: list(imageId), required: [], optional: ['edit'] },
  regions: {
    read: list(record({ x: whole(0), y: whole(0), width: whole(1), height: whole(1) })),
    required: [],
    optional: ['refine'],
  },
  width: { read: whole(1), required: ['generate'] },
  height: { read: whole(1), required: ['generate'] },
  strength: { read: number, required: ['refine'], optional: ['edit'] },
  steps: { read: whole(1), required: all },
  guidance: { read: number, required: guided },
  guidanceNormalization: { read: number, required: [], optional: guided, neutral: 0 },
  guidanceTruncation: { read: number, required: [], optional: guided, neutral: 1 },
  loras: { read: byId(list(record({ id: text, weight: number }))), required: [], optional: all },
  seed: { read: whole(0), required: all },
};

function oneOf(words: readonly string[]): Read {
  return (value, field) => {
    if (words.includes(value as string)) return value;
    throw new InvalidRecipe(field, `one of ${words.join(', ')}`, value);
  };
}

/** NFC: texts that look alike are the same. */
function text(value: unknown, field: string): string {
  if (typeof value !== 'string') throw new InvalidRecipe(field, 'text', value);
  // Half of a surrogate pair has no UTF-8.
  if (/\p{Surrogate}/u.test(value)) throw new InvalidRecipe(field, 'valid Unicode', 'half of a surrogate pair');
  return value.normalize('NFC');
}

function imageId(value: unknown, field: string): string {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return value;
  throw new InvalidRecipe(field, 'the sha256 of an image, 64 hexadecimal digits,', value);
}

function number(value: unknown, field: string): number {
  // −0 and 0 are the same.
  if (typeof value === 'number' && Number.isFinite(value)) return value + 0;
  throw new InvalidRecipe(field, 'a number', value);
}

function whole(least: number): Read {
  return (value, field) => {
    if (Number.isSafeInteger(value) && (value as number) >= least) return (value as number) + 0;
    throw new InvalidRecipe(field, `a whole number of at least ${least}`, value);
  };
}

function list(read: Read): Read {
  return (value, field) => {
    if (!Array.isArray(value)) throw new InvalidRecipe(field, 'a list', value);
    return value.length === 0 ? undefined : value.map((item, i) => read(item, `${field}.${i}`));
  };
}

function record(parts: Readonly<Record<string, Read>>): Read {
  return (value, field) => {
    if (value === null || typeof value !== 'object') throw new InvalidRecipe(field, 'an object', value);
    const given = value as Readonly<Record<string, unknown>>;
    const unknown = Object.keys(given).find((name) => !Object.hasOwn(parts, name));
    if (unknown !== undefined) throw new InvalidRecipe(`${field}.${unknown}`, 'left out', given[unknown]);
    return Object.fromEntries(
      Object.entries(parts).map(([name, read]) => [name, read(given[name], `${field}.${name}`)]),
    );
  };
}

/** In which order adapters are named decides nothing. */
function byId(read: Read): Read {
  return (value, field) => {
    const named = read(value, field) as { id: string; weight: number }[] | undefined;
    const used = named?.filter(({ weight }) => weight !== 0).sort((a, b) => (a.id < b.id ? -1 : 1));
    return used?.length === 0 ? undefined : used;
  };
}
