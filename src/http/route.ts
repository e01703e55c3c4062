import type { IncomingMessage } from 'node:http';
import type { RefusalFormat } from './responses.js';

/** What is known of a request beside what it says. */
export interface RequestContext {
  readonly url: URL;
  /** Where its path leads; null where nothing is. */
  readonly route: Route | null;
  /** What stands in the path where its route has names in braces, as it came (percent-encoded). */
  readonly params: Readonly<Record<string, string>>;
  /** Node's request, where it came over a connection of ours. */
  readonly node: IncomingMessage | undefined;
  /** The server adapter's own context, for Yoga. */
  readonly platform: object;
}

export type Handler = (request: Request, context: RequestContext) => Response | Promise<Response>;
export type Middleware = (next: Handler) => Handler;

/** One kind of address and what answers there. A new one is a file in `routes/` and a line in `router.ts`. */
export interface Route {
  /** `/generations/{id}`: a name in braces takes one segment; `{rest...}` at the end takes all that is left. Traces name the route by it. */
  readonly path: string;
  /** Left out, the handler looks at the method itself. */
  readonly methods?: readonly string[];
  /** `key`: the access key is asked for, where there is one. */
  readonly access: 'open' | 'key';
  /** In what the refusals of the middleware are written. */
  readonly refusals: RefusalFormat;
  /** Whether a body may bring files, and be as long as uploads may be. */
  readonly takesFiles?: boolean;
  /** Whether a browser that comes without the key is sent to the form that asks for it. */
  readonly signsIn?: boolean;
  /** Asked for every few seconds by orchestrators: neither traced nor logged. */
  readonly quiet?: boolean;
  readonly handle: Handler;
}

export type Match = Pick<RequestContext, 'route' | 'params'>;

const nowhere: Match = { route: null, params: {} };

/** The first route of the list that a path leads to. */
export function matcher(routes: readonly Route[]): (pathname: string) => Match {
  const patterns = routes.map((route) => ({ route, read: reader(route.path) }));
  return (pathname) => {
    for (const { route, read } of patterns) {
      const params = read(pathname);
      if (params !== null) return { route, params };
    }
    return nowhere;
  };
}

function reader(path: string): (pathname: string) => Match['params'] | null {
  if (!path.includes('{')) return (pathname) => (pathname === path ? nowhere.params : null);
  const pattern = new RegExp(
    `^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{(\w+)((?:\\\.){3})?\}/g, (_, name, rest) => `(?<${name}>${rest === undefined ? '[^/]+' : '.*'})`)}$`,
  );
  return (pathname) => pattern.exec(pathname)?.groups ?? null;
}

/** The path as people and traces write it. */
export function templateOf({ path }: Route): string {
  return path.replace('...}', '}');
}
