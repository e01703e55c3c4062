import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * A request that sends a query's hash in its place hears that none are kept here, as Apollo's clients (web, iOS, Kotlin) and urql
 * expect it, so that they send the query: some by the message, some by the code, and all with the status 200.
 *
 * https://www.apollographql.com/docs/apollo-server/performance/apq
 */
export function usePersistedQueries(): Plugin {
  return {
    onRequestParse() {
      return {
        onRequestParseDone({ requestParserResult }) {
          if (Array.isArray(requestParserResult)) return;
          const { query, extensions } = (requestParserResult ?? {}) as Partial<Record<'query' | 'extensions', unknown>>;
          if ((query ?? '') !== '' || !namesQuery(extensions)) return;
          throw new GraphQLError('PersistedQueryNotSupported', {
            extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED', http: { status: 200 } },
          });
        },
      };
    },
  };
}

function namesQuery(extensions: unknown): boolean {
  return typeof extensions === 'object' && extensions !== null && 'persistedQuery' in extensions;
}
