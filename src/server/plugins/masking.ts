import { GraphQLError } from 'graphql';
import type { YogaMaskedErrorOpts } from 'graphql-yoga';
import type { Logger } from 'pino';

/** Failures that nobody expected are logged whole; clients hear that something went wrong, and nothing of where or why. */
export function maskedErrors(log: Logger): YogaMaskedErrorOpts {
  return {
    errorMessage: 'Something went wrong on our side. It has been logged.',
    maskError(error, message) {
      const original = error instanceof GraphQLError ? error.originalError : error;
      // A GraphQLError of our own or of the library's: written for clients.
      if (
        error instanceof GraphQLError &&
        (original === undefined || original === null || original instanceof GraphQLError)
      )
        return error;
      if ((original as Error | null)?.name !== 'AbortError') log.error({ err: original }, 'unexpected');
      const located = error instanceof GraphQLError ? { nodes: error.nodes, path: error.path } : {};
      return new GraphQLError(message, { ...located, extensions: { code: 'INTERNAL_SERVER_ERROR' } } as never);
    },
  };
}
