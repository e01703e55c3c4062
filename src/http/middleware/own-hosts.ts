import type { Access } from '../access.js';
import type { HttpConfig } from '../config.js';
import { FOREIGN_ORIGIN, isOwnHost, isOwnOrigin, MISDIRECTED } from '../hosts.js';
import { refusal } from '../responses.js';
import type { Middleware } from '../route.js';

/** Without a key, browsers that were led here under a name of somebody else's (DNS rebinding) get nothing. */
export function ownHosts(access: Pick<Access, 'required'>, settings: HttpConfig): Middleware {
  if (access.required) return (next) => next;
  return (next) => (request, context) => {
    const { url, route } = context;
    const format = route?.refusals ?? 'text';
    const host = request.headers.get('host');
    if (host !== null && !isOwnHost(host, settings))
      return refusal(format, { status: 421, code: 'MISDIRECTED', sentence: MISDIRECTED });
    const origin = request.headers.get('origin');
    if (request.method === 'POST' && origin !== null && !isOwnOrigin(origin, host ?? url.host, settings))
      return refusal(format, { status: 403, code: 'FOREIGN_ORIGIN', sentence: FOREIGN_ORIGIN });
    return next(request, context);
  };
}
