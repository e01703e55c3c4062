import { randomUUID } from 'node:crypto';
import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';

/** One line a request, without what it asked: no query string, no document, no variables. */
export function useRequestLog(log: Logger): Plugin {
  const started = new WeakMap<Request, { readonly id: string; readonly at: number }>();
  if (!log.isLevelEnabled('info')) return {};
  return {
    onRequest({ request }) {
      started.set(request, { id: randomUUID(), at: performance.now() });
    },
    onResponse({ request, response }) {
      const { id, at } = started.get(request) ?? { id: null, at: performance.now() };
      const ms = Math.round((performance.now() - at) * 10) / 10;
      log.info(
        { request: id, method: request.method, path: new URL(request.url).pathname, status: response.status, ms },
        'request',
      );
    },
  };
}
