import type { Middleware } from '../route.js';

/** Every answer is of the type that it says, whatever its first bytes look like. */
export function noSniff(): Middleware {
  return (next) => async (request, context) => {
    const response = await next(request, context);
    if (!response.headers.has('x-content-type-options')) response.headers.set('x-content-type-options', 'nosniff');
    return response;
  };
}
