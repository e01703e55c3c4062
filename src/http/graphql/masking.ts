import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import type { YogaMaskedErrorOpts } from 'graphql-yoga';
import type { Logger } from 'pino';

const SENTENCE = 'Something went wrong on our side. It has been logged.';

/** What was masked has its line in the log, or needs none, as where a caller has left. Yoga would write another. */
const told = new WeakSet<object>();

export function isLogged(error: unknown): boolean {
  return typeof error === 'object' && error !== null && told.has(error);
}

/**
 * Failures that nobody expected are logged whole; clients hear that something went wrong, and nothing of where or why, but a
 * number by which the operator finds the line in the log.
 */
export function maskedErrors(log: Logger): YogaMaskedErrorOpts {
  return { errorMessage: SENTENCE, maskError: (error) => masked(error, log) };
}

function masked(error: unknown, log: Logger): Error {
  const located = isGraphQLError(error) ? error : null;
  const original = located === null ? error : located.originalError;
  // A GraphQLError of our own or of the library's: written for clients.
  if (located !== null && (original == null || isGraphQLError(original))) return located;
  if (typeof error === 'object' && error !== null) told.add(error);
  const number = randomUUID();
  if ((original as Error | null)?.name !== 'AbortError') log.error({ err: original, number }, 'unexpected');
  const { nodes, path } = located ?? {};
  return new GraphQLError(SENTENCE, { nodes, path, extensions: { code: 'INTERNAL_SERVER_ERROR', number } } as never);
}

/** By name, because a library may bring a copy of the class. */
function isGraphQLError(error: unknown): error is GraphQLError {
  return (error as Error | null)?.name === 'GraphQLError';
}
