import type { UseCases } from '../../generation/types.js';
import { text } from '../responses.js';
import type { Route } from '../route.js';

/** The process answers. */
export function health(): Route {
  return { path: '/healthz', access: 'open', refusals: 'text', quiet: true, handle: () => text(200, 'ok') };
}

/** It can draw, because the default model is loaded, and keep what it draws, and nobody has told it to stop. */
export function readiness(service: Pick<UseCases, 'notReady'>, isStopping: () => boolean): Route {
  return {
    path: '/readyz',
    access: 'open',
    refusals: 'text',
    quiet: true,
    async handle() {
      if (isStopping()) return text(503, 'The server is stopping.');
      const reason = await service.notReady();
      return reason === null ? text(200, 'ready') : text(503, reason, { 'retry-after': '1' });
    },
  };
}
