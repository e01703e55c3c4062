import { GraphQLError } from 'graphql';
import type { ProblemCode, ProblemParameters } from '../src/domain/problem-codes.js';

/** A problem where the schema has no union to tell it in: what `Problem` has stands in the error's extensions. */
export function refusal(
  message: string,
  reason: ProblemCode,
  parameters: ProblemParameters,
  code: 'BAD_USER_INPUT' | 'NOT_FOUND' = 'BAD_USER_INPUT',
): GraphQLError {
  return new GraphQLError(message, { extensions: { code, reason, parameters } });
}
