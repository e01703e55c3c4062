import { z } from 'zod';

/** How a setting is told in docs/configuration.md, beside its description and what its schema says itself. */
export interface Printed {
  /** Of the number; the default is then also told in larger units. */
  readonly unit?: 'bytes' | 'milliseconds';
  /** The default in words, where it follows from the machine or from another setting. */
  readonly default?: string;
}

/**
 * One environment variable: how it is read, and what docs/configuration.md says of it. Unset and empty mean the same.
 *
 * @param description a sentence or two for operators: what it decides, and what another value means
 */
export function setting<T extends z.ZodType>(schema: T, description: string, printed: Printed = {}) {
  return z.preprocess((value) => (value === '' ? undefined : value), schema).meta({ description, printed });
}

/** A whole number of `least` … `most`, written in digits. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER) {
  const expected =
    most === Number.MAX_SAFE_INTEGER
      ? `expected a whole number of at least ${least}`
      : `expected a whole number between ${least} and ${most}`;
  return z.coerce.number(expected).int(expected).min(least, expected).max(most, expected);
}

/** One of two words, as a boolean. */
export function either<Yes extends string, No extends string>(yes: Yes, no: No, byDefault: Yes | No) {
  return z
    .enum([yes, no])
    .default(byDefault as never)
    .transform((value) => value === yes);
}

/** Items separated by commas. */
export function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
