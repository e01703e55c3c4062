import type { Plugin } from 'graphql-yoga';
import { graphqlError } from '../responses.js';

/** Requests longer than this are refused by what they say of themselves; those that say nothing (chunked) are not read at all. */
export function useBodyLimit(maxBytes: number): Plugin {
  return {
    onRequest({ request, endResponse }) {
      if (request.method !== 'POST') return;
      const length = request.headers.get('content-length');
      if (length === null && request.headers.has('transfer-encoding'))
        endResponse(graphqlError(411, 'Expected a Content-Length but received none.', 'LENGTH_REQUIRED'));
      else if (Number(length ?? 0) > maxBytes)
        endResponse(graphqlError(413, `Expected at most ${maxBytes} bytes but received ${length}.`, 'TOO_LARGE'));
    },
  };
}
