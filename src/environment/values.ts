import { z } from 'zod';

/** How values are read from the environment. Unset and empty mean the same. */
export function unlessEmpty<T extends z.ZodType>(schema: T) {
  return z.preprocess((value) => (value === '' ? undefined : value), schema);
}

/** A whole number of `least` … `most`, written in digits. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  const expected =
    most === Number.MAX_SAFE_INTEGER
      ? `expected a whole number of at least ${least}`
      : `expected a whole number between ${least} and ${most}`;
  return z.coerce.number(expected).int(expected).min(least, expected).max(most, expected);
}

/** Items separated by commas. */
export function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
