import { refusal } from '../responses.js';
import type { Middleware } from '../route.js';

/** Routes that name their methods answer those only. */
export function allowedMethods(): Middleware {
  return (next) => (request, context) => {
    const { methods, refusals } = context.route ?? {};
    if (methods === undefined || methods.includes(request.method)) return next(request, context);
    const sentence = `Expected ${methods.join(' or ')} at this address but received another method.`;
    return refusal(
      refusals ?? 'text',
      { status: 405, code: 'METHOD_NOT_ALLOWED', sentence },
      { allow: methods.join(', ') },
    );
  };
}
