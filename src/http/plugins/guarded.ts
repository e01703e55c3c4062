import type { Plugin } from 'graphql-yoga';
import type { Logger } from 'pino';
import { BodyTooLong } from '../body.js';
import { graphqlError, text } from '../responses.js';

const SENTENCE = 'Something went wrong on our side. It has been logged.';

/** A plugin whose surprises are logged, and answered without a word of where or why. Unguarded they would be sent with their stack. */
export function withErrorBoundary(plugin: Plugin, log: Logger, apiPath: string): Plugin {
  const { onRequest } = plugin;
  if (onRequest === undefined) return plugin;
  return {
    ...plugin,
    onRequest(payload) {
      const failed = (error: unknown) => {
        // Whatever reads a body may come upon its limit.
        if (error instanceof BodyTooLong) return payload.endResponse(text(413, error.message));
        const { method } = payload.request;
        if (!payload.request.signal.aborted)
          log.error({ err: error, method, path: payload.url.pathname }, 'unexpected');
        payload.endResponse(
          payload.url.pathname === apiPath ? graphqlError(500, SENTENCE, 'INTERNAL_SERVER_ERROR') : text(500, SENTENCE),
        );
      };
      try {
        const running = onRequest(payload);
        return isPromise(running) ? running.catch(failed) : running;
      } catch (error) {
        return failed(error);
      }
    },
  };
}

function isPromise<T>(value: T): value is T & Promise<void> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}
