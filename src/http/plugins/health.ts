import type { Plugin } from 'graphql-yoga';
import type { UseCases } from '../../generation/types.js';
import { text } from '../responses.js';

export function isHealthCheck(path: string): boolean {
  return path === '/healthz' || path === '/readyz';
}

/**
 * `/healthz`: the process answers. `/readyz`: it can draw, because the default model is loaded, and keep what it draws, and nobody has
 * told it to stop.
 */
export function useHealth(service: Pick<UseCases, 'notReady'>, isStopping: () => boolean): Plugin {
  return {
    async onRequest({ url, endResponse }) {
      if (url.pathname === '/healthz') endResponse(text(200, 'ok'));
      if (url.pathname !== '/readyz') return;
      if (isStopping()) return endResponse(text(503, 'The server is stopping.'));
      const reason = await service.notReady();
      endResponse(reason === null ? text(200, 'ready') : text(503, reason, { 'retry-after': '1' }));
    },
  };
}
