import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { Middleware } from '../route.js';

/**
 * One line a request at the level debug, without what it asked: no query string, no document, no variables. What operators see by default
 * is one line a generation.
 */
export function requestLog(log: Logger): Middleware {
  if (!log.isLevelEnabled('debug')) return (next) => next;
  return (next) => async (request, context) => {
    if (context.route?.quiet) return next(request, context);
    const at = performance.now();
    const response = await next(request, context);
    const ms = Math.round((performance.now() - at) * 10) / 10;
    const { method } = request;
    log.debug({ request: randomUUID(), method, path: context.url.pathname, status: response.status, ms }, 'request');
    return response;
  };
}
