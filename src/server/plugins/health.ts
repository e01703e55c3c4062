import type { Plugin } from 'graphql-yoga';
import type { Studio } from '../../studio/types.js';
import { text } from '../responses.js';

/** `/healthz`: the process answers. `/readyz`: it can draw, because the default model is loaded. */
export function useHealth(studio: Pick<Studio, 'ready'>): Plugin {
  return {
    onRequest({ url, endResponse }) {
      if (url.pathname === '/healthz') endResponse(text(200, 'ok'));
      if (url.pathname === '/readyz')
        endResponse(
          studio.ready() ? text(200, 'ready') : text(503, 'The model is being loaded.', { 'retry-after': '1' }),
        );
    },
  };
}
