import { accepted, apiTypes } from '../negotiation.js';
import { graphqlError } from '../responses.js';
import type { Middleware } from '../route.js';

/** What a multipart answer may be asked for with: its parameters name protocols of their own. */
const MULTIPART = /multipart\/mixed(?:\s*;\s*(?:boundary|deferSpec|subscriptionSpec)=[\w."-]{1,40})+/i;

/**
 * Yoga reads Accept without its weights, and repeats its own list once for every item that came. It gets what the header means: the types
 * that the API answers with, the most wanted first.
 */
export function apiAccept(): Middleware {
  return (next) => (request, context) => {
    const accept = request.headers.get('accept');
    if (request.method === 'OPTIONS' || accept === null) return next(request, context);
    const types = accepted(accept.replace(MULTIPART, 'multipart/mixed'), apiTypes);
    if (types.length === 0) {
      const sentence = `Expected an Accept header that takes one of ${apiTypes.join(', ')} but received none of them.`;
      return graphqlError(406, sentence, 'NOT_ACCEPTABLE');
    }
    request.headers.set('accept', ranked(types, MULTIPART.exec(accept)?.[0]));
    return next(request, context);
  };
}

function ranked(types: readonly string[], multipart = 'multipart/mixed'): string {
  const named = types.map((type) => (type === 'multipart/mixed' ? multipart.replace(/\s/g, '') : type));
  return named.map((type, rank) => `${type};q=${(1 - rank / 10).toFixed(1)}`).join(', ');
}
