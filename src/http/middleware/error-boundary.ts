import type { Logger } from 'pino';
import { BodyTooLong } from '../body.js';
import { refusal } from '../responses.js';
import type { Middleware } from '../route.js';

const SENTENCE = 'Something went wrong on our side. It has been logged.';

/** Surprises are logged, and answered without a word of where or why. Without it they would be sent with their stack. */
export function errorBoundary(log: Logger): Middleware {
  return (next) => async (request, context) => {
    try {
      return await next(request, context);
    } catch (error) {
      const format = context.route?.refusals ?? 'text';
      // Whatever reads a body may come upon its limit.
      if (error instanceof BodyTooLong)
        return refusal(format, { status: 413, code: 'TOO_LARGE', sentence: error.message });
      const { method, signal } = request;
      if (!signal.aborted) log.error({ err: error, method, path: context.url.pathname }, 'unexpected');
      return refusal(format, { status: 500, code: 'INTERNAL_SERVER_ERROR', sentence: SENTENCE });
    }
  };
}
