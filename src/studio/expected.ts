import { InvalidInput } from './problems.js';

/** Every refusal of a value is the same sentence. */
export function refused(field: string, expected: string, received: unknown): InvalidInput {
  return refusedAs(field, expected, shown(received));
}

/** The same, where the value is better described than repeated. */
export function refusedAs(field: string, expected: string, received: string): InvalidInput {
  return new InvalidInput(field, `Expected \`${field}\` to be ${expected} but received ${received}.`);
}

/** A whole number in a range, or a refusal. */
export function whole(field: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw refused(field, `a whole number between ${least} and ${most}`, value);
}

const longest = 60;

function shown(value: unknown): string {
  if (value == null) return 'nothing';
  if (typeof value !== 'string') return String(value);
  return JSON.stringify(value.length > longest ? `${value.slice(0, longest)}…` : value);
}
