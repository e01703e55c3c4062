import { apiAccept } from '../graphql/accept.js';
import { GRAPHQL_PATH } from '../graphql/path.js';
import type { GraphQL } from '../graphql/yoga.js';
import { csrfPrevention } from '../middleware/csrf.js';
import type { Handler, Middleware, Route } from '../route.js';
import { graphiql } from './graphiql.js';

/** The API. Browsers that come to its address get the page on which people try it. */
export function graphqlRoute({ handleRequest }: GraphQL): Route {
  const execute: Handler = (request, { platform }) => handleRequest(request, platform as never);
  const before: readonly Middleware[] = [noStore(), graphiql(), apiAccept(), csrfPrevention()];
  return {
    path: GRAPHQL_PATH,
    access: 'key',
    refusals: 'graphql',
    takesFiles: true,
    signsIn: true,
    handle: before.reduceRight((next, wrap) => wrap(next), execute),
  };
}

/** What the API answers is for whoever asked: no cache between us keeps it, not even where it was asked for by GET. */
function noStore(): Middleware {
  return (next) => async (request, context) => {
    const response = await next(request, context);
    if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store');
    return response;
  };
}
