import { randomUUID } from 'node:crypto';
import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { isHealthCheck } from './health.js';

/**
 * One line a request at the level debug, without what it asked: no query string, no document, no variables. What operators see by default
 * is one line a generation.
 */
export function useRequestLog(log: Logger): Plugin {
  const started = new WeakMap<Request, { readonly id: string; readonly at: number }>();
  if (!log.isLevelEnabled('debug')) return {};
  return {
    onRequest({ request }) {
      started.set(request, { id: randomUUID(), at: performance.now() });
    },
    onResponse({ request, response }) {
      const path = new URL(request.url).pathname;
      if (isHealthCheck(path)) return;
      const { id, at } = started.get(request) ?? { id: null, at: performance.now() };
      const ms = Math.round((performance.now() - at) * 10) / 10;
      log.debug({ request: id, method: request.method, path, status: response.status, ms }, 'request');
    },
  };
}
