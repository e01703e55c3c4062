import { type RenderKey, readRenderPath, verify } from '../../src/client/index.js';
import { cachedImage } from './cached-image.js';
import { chosenFormat } from './format.js';
import { handlePurge, PURGE_PATH } from './purge.js';
import { problem } from './responses.js';

/** The bindings and variables of the Worker. */
export interface Env {
  /** Where the program is, without a slash at the end. */
  readonly ORIGIN: string;
  /** The same as the program's. */
  readonly RENDER_KEYS: string;
  /** Signs purges: `whsec_` and base64, as Standard Webhooks has it. Without it there are none. */
  readonly PURGE_SECRET?: string;
}

/** What a Worker is told beside the request. Workers Cache, where it is switched on, stands before the Worker and has `cache`. */
export interface Context {
  waitUntil(promise: Promise<unknown>): void;
  readonly cache?: {
    purge(what: { readonly tags: readonly string[] }): Promise<unknown>;
    invalidate?(what: { readonly tags: readonly string[] }): Promise<unknown>;
  };
}

/** The edge: images and signed renders from the cache, all else from the program. */
export default {
  async fetch(request: Request, env: Env, context: Context): Promise<Response> {
    const url = new URL(request.url);
    const { pathname, search } = url;
    if (pathname === PURGE_PATH) return handlePurge(request, env, context);
    const reads = request.method === 'GET' || request.method === 'HEAD';
    if (!reads || !/^\/(r|images)\//.test(pathname)) return passOn(request, env, pathname + search);
    const asked = pathname.startsWith('/r/') ? await render(pathname, env) : image(pathname);
    if (asked instanceof Response) return asked;
    const query = normalised(url.searchParams);
    // The program says what is wrong with it; nothing of that is kept.
    if (asked === null || query === null) return passOn(request, env, pathname + search);
    const format = asked.negotiates === null ? null : chosenFormat(request.headers.get('accept'), asked.negotiates);
    const extension = format === null ? '' : `.${format}`;
    return cachedImage(request, context, {
      key: `https://edge.inkstone/${asked.key}${extension}${query}`,
      origin: `${env.ORIGIN}${asked.path}${extension}${query}`,
      negotiated: format !== null,
    });
  },
};

interface Asked {
  /** What the cache knows the image by. */
  readonly key: string;
  /** Where the program has it, without an extension that is chosen here. */
  readonly path: string;
  /** The formats among which Accept chooses; null where the address names one. */
  readonly negotiates: readonly ('avif' | 'webp')[] | null;
}

/** The signature is checked here: an unsigned address never reaches the program. */
async function render(pathname: string, { RENDER_KEYS }: Env): Promise<Asked | Response> {
  const { outcome } = await verify(pathname, keysOf(RENDER_KEYS), Date.now());
  if (outcome === 'malformed') return problem(404, 'NOT_FOUND', 'Expected a render address but received another.');
  if (outcome === 'forged')
    return problem(
      403,
      'INVALID_SIGNATURE',
      'Expected an address signed by a key of this server but received another.',
    );
  if (outcome === 'expired')
    return problem(403, 'ADDRESS_EXPIRED', 'Expected an address that has not expired but received one that has.');
  const { payload, extension } = readRenderPath(pathname)!;
  // Whichever key signed it, the recipe is the same.
  if (extension === 'auto')
    return { key: `r/${payload}`, path: pathname.slice(0, -'.auto'.length), negotiates: ['avif', 'webp'] };
  return { key: `r/${payload}.${extension}`, path: pathname, negotiates: null };
}

function image(pathname: string): Asked | null {
  const [, extension] = /^\/images\/[0-9a-f]{64}(\.(?:png|jpe?g|webp|avif))?$/.exec(pathname) ?? [null];
  if (extension === null) return null;
  return { key: pathname.slice(1), path: pathname, negotiates: extension === undefined ? ['webp'] : null };
}

/** The query in its one form; null where it is not made of `w`, `h` and `q`, each once, or of `placeholder`. */
function normalised(query: URLSearchParams): string | null {
  if (query.size === 1 && query.get('placeholder') === '') return '?placeholder';
  const given = [...query];
  if (new Set(given.map(([key]) => key)).size < given.length) return null;
  if (!given.every(([key, value]) => /^[whq]$/.test(key) && /^\d{1,9}$/.test(value))) return null;
  const ordered = ['w', 'h', 'q'].filter((key) => query.has(key)).map((key) => `${key}=${query.get(key)}`);
  return ordered.length === 0 ? '' : `?${ordered.join('&')}`;
}

/** Event streams and WebSockets go through as they are. */
function passOn(request: Request, { ORIGIN }: Env, target: string): Promise<Response> {
  return fetch(new Request(ORIGIN + target, request), { redirect: 'manual' });
}

let read: { readonly text: string; readonly keys: readonly RenderKey[] } = { text: '', keys: [] };

function keysOf(text: string): readonly RenderKey[] {
  if (text !== read.text) {
    const pairs = text.split(',').filter((pair) => pair.includes(':'));
    const keys = pairs.map((pair) => ({
      id: pair.slice(0, pair.indexOf(':')),
      secret: pair.slice(pair.indexOf(':') + 1),
    }));
    read = { text, keys };
  }
  return read.keys;
}
