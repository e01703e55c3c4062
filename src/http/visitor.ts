import type { Access, Verdict } from './access.js';
import { basePathOf, baseUrlOf } from './base-url.js';
import { callerOf } from './caller.js';
import type { HttpConfig } from './config.js';
import type { RequestContext } from './route.js';

/** What middleware and routes know of the caller of a request. */
export interface RequestFacts {
  enter(request: Request, context: Pick<RequestContext, 'node'>): Verdict;
  callerOf(context: Pick<RequestContext, 'node'>): string;
  /** @see basePathOf */
  basePathOf(request: Request): string;
  isSecure(request: Request): boolean;
}

export function createVisitors(access: Access, settings: HttpConfig): RequestFacts {
  const visitors: RequestFacts = {
    enter: (request, context) => access.enter(request.headers, visitors.callerOf(context)),
    callerOf: ({ node }) => callerOf(node, settings),
    basePathOf: (request) => basePathOf(request.headers, settings),
    isSecure: (request) => baseUrlOf(request.headers, request.url, settings).startsWith('https:'),
  };
  return visitors;
}
