import { refusal } from '../responses.js';
import type { Middleware } from '../route.js';

/** What a form on any page can send without its browser asking first. https://fetch.spec.whatwg.org/#cors-safelisted-request-header */
const SIMPLE = new Set(['', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']);
export const CSRF_HEADERS = ['x-graphql-yoga-csrf', 'apollo-require-preflight'];

/** A POST that a form could have sent must carry a header that a form cannot. (A GET changes nothing here.) */
export function csrfPrevention(): Middleware {
  return (next) => (request, context) => {
    const type = (request.headers.get('content-type') ?? '').split(';')[0]!.trim().toLowerCase();
    if (request.method !== 'POST' || !SIMPLE.has(type) || CSRF_HEADERS.some((name) => request.headers.has(name)))
      return next(request, context);
    const sentence = `Expected the content type application/json, or a header ${CSRF_HEADERS.join(' or ')}, but received neither.`;
    return refusal(context.route?.refusals ?? 'text', { status: 403, code: 'CSRF_PREVENTED', sentence });
  };
}
