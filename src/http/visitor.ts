import type { IncomingMessage } from 'node:http';
import type { Access, Verdict } from './access.js';
import { basePathOf, baseUrlOf } from './base-url.js';
import { callerOf } from './caller.js';
import type { HttpConfig } from './config.js';

/** What the plugins know of the caller of a request. */
export interface RequestFacts {
  /** @param context Yoga's: it holds Node's request, where one came over a connection */
  enter(request: Request, context: object): Verdict;
  callerOf(context: object): string;
  /** @see basePathOf */
  basePathOf(request: Request): string;
  isSecure(request: Request): boolean;
}

export function createVisitors(access: Access, settings: HttpConfig): RequestFacts {
  const visitors: RequestFacts = {
    enter: (request, context) => access.enter(request.headers, visitors.callerOf(context)),
    callerOf: (context) => callerOf((context as { readonly req?: IncomingMessage }).req, settings),
    basePathOf: (request) => basePathOf(request.headers, settings),
    isSecure: (request) => baseUrlOf(request.headers, request.url, settings).startsWith('https:'),
  };
  return visitors;
}
