import type { Plugin } from 'graphql-yoga';
import { FOREIGN_ORIGIN } from '../hosts.js';
import { text } from '../responses.js';

/** A browser that asks for a page elsewhere whether it may call: it may not, and whoever looks is told why. */
export function usePreflightAdvice(path: string): Plugin {
  return {
    onRequest({ request, url, endResponse }) {
      if (request.method === 'OPTIONS' && url.pathname === path && request.headers.has('access-control-request-method'))
        endResponse(text(403, FOREIGN_ORIGIN));
    },
  };
}
