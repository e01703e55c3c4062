import type { Plugin } from 'graphql-yoga';
import { graphqlError } from '../responses.js';

/** What a form on any page can send without its browser asking first. https://fetch.spec.whatwg.org/#cors-safelisted-request-header */
const SIMPLE = new Set(['', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']);
const HEADERS = ['x-graphql-yoga-csrf', 'apollo-require-preflight'];

/** A POST that a form could have sent must carry a header that a form cannot. (A GET changes nothing here.) */
export function useCsrfPrevention(path: string): Plugin {
  return {
    onRequest({ request, url, endResponse }) {
      if (request.method !== 'POST' || url.pathname !== path) return;
      const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
      if (!SIMPLE.has(type) || HEADERS.some((name) => request.headers.has(name))) return;
      const sentence = `Expected the content type application/json, or a header ${HEADERS.join(' or ')}, but received neither.`;
      endResponse(graphqlError(403, sentence, 'CSRF_PREVENTED'));
    },
  };
}
