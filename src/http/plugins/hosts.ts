import type { Plugin } from 'graphql-yoga';
import type { Access } from '../access.js';
import type { HttpConfig } from '../config.js';
import { FOREIGN_ORIGIN, isOwnHost, isOwnOrigin, MISDIRECTED } from '../hosts.js';
import { graphqlError, text } from '../responses.js';

/** Without a key, browsers that were led here under a name of somebody else's get nothing. */
export function useOwnHosts(access: Access, settings: HttpConfig, path: string): Plugin {
  return {
    onRequest({ request, url, endResponse }) {
      if (access.required) return;
      const host = request.headers.get('host');
      const refuse = (status: number, code: string, sentence: string) =>
        endResponse(url.pathname === path ? graphqlError(status, sentence, code) : text(status, sentence));
      if (host !== null && !isOwnHost(host, settings)) return refuse(421, 'MISDIRECTED', MISDIRECTED);
      const origin = request.headers.get('origin');
      if (request.method === 'POST' && origin !== null && !isOwnOrigin(origin, host ?? url.host, settings))
        refuse(403, 'FOREIGN_ORIGIN', FOREIGN_ORIGIN);
    },
  };
}
