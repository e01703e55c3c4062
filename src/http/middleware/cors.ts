import { getCORSHeadersByRequestAndOptions } from '@whatwg-node/server';
import { FOREIGN_ORIGIN } from '../hosts.js';
import { text } from '../responses.js';
import type { Middleware } from '../route.js';
import { CSRF_HEADERS } from './csrf.js';

/** Without any origin, no header at all: browsers then keep other sites out. */
export function cors(origins: readonly string[]): Middleware {
  if (origins.length === 0) return (next) => next;
  const options = {
    origin: [...origins],
    methods: ['GET', 'POST', 'OPTIONS'],
    allowedHeaders: ['content-type', 'authorization', ...CSRF_HEADERS, 'traceparent', 'last-event-id'],
    credentials: !origins.includes('*'),
    maxAge: 86_400,
  };
  return (next) => async (request, context) => {
    const isPreflight = request.method === 'OPTIONS';
    // Safari waits for the body of a 204 that does not say how long it is.
    const response = isPreflight
      ? new Response(null, { status: 204, headers: { 'content-length': '0', 'cache-control': 'no-store' } })
      : await next(request, context);
    // What is open to all origins stays so: a cache on the way would keep the answer to one of them for the others.
    if (response.headers.has('access-control-allow-origin')) return response;
    for (const [name, value] of Object.entries(getCORSHeadersByRequestAndOptions(request, options) ?? {}))
      if (name.toLowerCase() === 'vary') response.headers.append(name, value);
      else response.headers.set(name, value);
    return response;
  };
}

/** A browser that asks for a page elsewhere whether it may call: it may not, and the answer says why. */
export function preflightAdvice(): Middleware {
  return (next) => (request, context) => {
    const isPreflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
    return isPreflight && context.route?.access === 'key' ? text(403, FOREIGN_ORIGIN) : next(request, context);
  };
}
