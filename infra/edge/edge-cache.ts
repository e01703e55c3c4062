import type { Snapshot } from './responses.js';
import { snapshotOf } from './responses.js';
import type { Context } from './worker.js';

/** What the cache holds of an image. */
export interface Kept {
  readonly snapshot: Snapshot;
  /** When it was stored, in milliseconds since 1970. */
  readonly at: number;
  /** Seconds for which it is fresh, and after that, for which it may be shown all the same. */
  readonly fresh: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  readonly tags: readonly string[];
}

export interface EdgeCache {
  match(key: string): Promise<Kept | null>;
  /** Nothing is stored of what is not cacheable. */
  put(key: string, snapshot: Snapshot): Promise<void>;
}

/** Where Workers Cache stands before the Worker, what reaches the Worker was not in it: a second copy would outlive its purges. */
export function store(context: Context): EdgeCache {
  return context.cache === undefined ? cacheApi : none;
}

const none: EdgeCache = { match: async () => null, put: async () => {} };

const AT = 'x-edge-at';
const CONTROL = 'x-edge-control';

/**
 * The Cache API forgets what is not fresh: an entry lives as long as it may be shown stale, and carries its own times.
 *
 * @see https://developers.cloudflare.com/workers/runtime-apis/cache/
 */
const cacheApi: EdgeCache = {
  async match(key) {
    const response = await defaultCache().match(key);
    if (response === undefined) return null;
    const snapshot = await snapshotOf(response);
    const given = new Map(snapshot.headers);
    const control = given.get(CONTROL) ?? '';
    const own = new Set([AT, CONTROL, 'cache-control', 'cf-cache-status', 'age']);
    const headers = [...snapshot.headers.filter(([name]) => !own.has(name)), ['cache-control', control] as const];
    const tags = (given.get('cache-tag') ?? '').split(',');
    return { snapshot: { ...snapshot, headers }, at: Number(given.get(AT)), ...timesOf(control), tags };
  },
  async put(key, { status, headers, body }) {
    const all = new Headers(headers.map(([name, value]): [string, string] => [name, value]));
    const control = all.get('cache-control') ?? '';
    const times = timesOf(control);
    if (status !== 200 || times.fresh <= 0 || /\b(no-store|private)\b/.test(control)) return;
    const life = times.fresh + Math.max(times.staleWhileRevalidate, times.staleIfError);
    all.set(CONTROL, control);
    all.set(AT, String(Date.now()));
    all.set('cache-control', `public, max-age=${life}`);
    // The key has what it varies by.
    all.delete('vary');
    await defaultCache().put(key, new Response(body, { headers: all }));
  },
};

function timesOf(control: string): Pick<Kept, 'fresh' | 'staleWhileRevalidate' | 'staleIfError'> {
  const seconds = (name: string) => Number(new RegExp(`(?:^|[\\s,])${name}=(\\d+)`).exec(control)?.[1] ?? Number.NaN);
  const shared = seconds('s-maxage');
  return {
    fresh: (Number.isNaN(shared) ? seconds('max-age') : shared) || 0,
    staleWhileRevalidate: seconds('stale-while-revalidate') || 0,
    staleIfError: seconds('stale-if-error') || 0,
  };
}

interface CacheApi {
  match(key: string): Promise<Response | undefined>;
  put(key: string, response: Response): Promise<void>;
}

/** Of the runtime: the types of Node know no such cache. */
export const defaultCache = () => (globalThis as unknown as { caches: { default: CacheApi } }).caches.default;
