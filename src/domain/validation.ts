import type { ProblemDetails } from './problem-codes.js';
import { InvalidInput } from './problems.js';

/** Every refusal of a value is the same sentence. */
export function refused(field: string, expected: string, received: unknown, details?: ProblemDetails): InvalidInput {
  return refusal(field, expected, { shown: shown(received), raw: raw(received) }, details);
}

/** The same, where the value is better described than repeated. */
export function refusedAs(field: string, expected: string, received: string, details?: ProblemDetails): InvalidInput {
  return refusal(field, expected, { shown: received, raw: received }, details);
}

/** A whole number in a range, or a refusal. */
export function whole(field: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw refused(field, `a whole number between ${least} and ${most}`, value, outOfRange(least, most));
}

export function outOfRange(min: number, max: number): ProblemDetails {
  return { code: 'OUT_OF_RANGE', parameters: { min, max } };
}

export function tooLong(max: number, unit: 'BYTES' | 'CHARACTERS' | 'TOKENS'): ProblemDetails {
  return { code: 'TOO_LONG', parameters: { max, unit } };
}

/** @param model its catalog name */
export function unsupported(model: string): ProblemDetails {
  return { code: 'NOT_SUPPORTED', parameters: { model } };
}

/** Says of every refusal the same three things beside those of its code. */
function refusal(
  field: string,
  expected: string,
  received: { shown: string; raw: string },
  { code, parameters, retryable }: ProblemDetails = { code: 'INVALID_VALUE' },
): InvalidInput {
  const message = `Expected \`${field}\` to be ${expected} but received ${received.shown}.`;
  const said = { expected: expected.replace(/,$/, ''), received: received.raw };
  return new InvalidInput(field, message, { code, parameters: { ...said, ...parameters }, retryable });
}

const longest = 60;

function shown(value: unknown): string {
  if (value == null) return 'nothing';
  return typeof value === 'string' ? JSON.stringify(raw(value)) : raw(value);
}

/** What came, cut to a length that fits into a sentence. */
function raw(value: unknown): string {
  const text = value == null ? '' : String(value);
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}
