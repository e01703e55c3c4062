import { GraphQLError } from 'graphql';
import type { ProblemCode, ProblemParameters } from '../src/domain/problem-codes.js';

/** A problem of a field without a union: the error's extensions have the fields of `Problem`. */
export function refusal(
  message: string,
  reason: ProblemCode,
  parameters: ProblemParameters,
  code: 'BAD_USER_INPUT' | 'NOT_FOUND' = 'BAD_USER_INPUT',
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, reason, parameters } });
}
