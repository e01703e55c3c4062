import { defaultCache, type Kept } from './edge-cache.js';
import { problem } from './responses.js';
import type { Context, Env } from './worker.js';

/** Where purges are told to the Worker itself: those of a zone do not reach the Workers Cache. */
export const PURGE_PATH = '/.edge/purge';

interface Purge {
  readonly tags: readonly string[];
  /** Whether what is kept may be shown once more while it is asked for again. */
  readonly soft: boolean;
  readonly at: number;
}

/** Seconds for which a purge is told again to be the same, and its age at most. */
const TOLERANCE = 300;
/** Purges are remembered by the Cache API of a data centre: what they name was stored before them. */
const LIST = 'https://edge.inkstone/purges';
const MOST = 1000;
/** How long an isolate goes by what it has read of the list. */
const REFRESH_MS = 5000;
let known: { readonly purges: readonly Purge[]; readonly at: number } = { purges: [], at: 0 };

/** Whether a tag of the entry was purged after it was stored. */
export async function purgedSince({ tags, at }: Kept): Promise<'soft' | 'hard' | null> {
  if (Date.now() - known.at > REFRESH_MS) known = { purges: await readList(), at: Date.now() };
  const later = known.purges.filter((purge) => purge.at >= at && purge.tags.some((tag) => tags.includes(tag)));
  if (later.length === 0) return null;
  return later.some(({ soft }) => !soft) ? 'hard' : 'soft';
}

/** `POST {"type": "purge", "data": {"tags": […], "soft": false}}`, signed as Standard Webhooks are. */
export async function handlePurge(request: Request, env: Env, context: Context): Promise<Response> {
  if (request.method !== 'POST' || env.PURGE_SECRET === undefined)
    return problem(404, 'NOT_FOUND', 'There is nothing at this address.');
  const body = await request.text();
  if (!(await isSigned(request.headers, body, env.PURGE_SECRET)))
    return problem(
      403,
      'INVALID_SIGNATURE',
      'Expected a purge signed by the secret of this edge but received another.',
    );
  const purge = readPurge(body);
  if (purge === null)
    return problem(
      400,
      'INVALID_VALUE',
      'Expected `data` to hold `tags`, a list of 1 … 100 texts, but received another.',
    );
  const { cache } = context;
  if (cache !== undefined)
    await (purge.soft ? (cache.invalidate ?? cache.purge) : cache.purge).call(cache, { tags: purge.tags });
  else await remember(purge);
  return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } });
}

function readPurge(body: string): Purge | null {
  try {
    const { data } = JSON.parse(body) as { data?: { tags?: unknown; soft?: unknown } };
    const tags = data?.tags;
    if (!Array.isArray(tags) || tags.length < 1 || tags.length > 100) return null;
    if (!tags.every((tag) => typeof tag === 'string')) return null;
    return { tags, soft: data?.soft === true, at: Date.now() };
  } catch {
    return null;
  }
}

async function remember(purge: Purge): Promise<void> {
  const purges = [purge, ...(await readList())].slice(0, MOST);
  known = { purges, at: Date.now() };
  await defaultCache().put(LIST, Response.json(purges, { headers: { 'cache-control': 'public, max-age=31536000' } }));
}

async function readList(): Promise<readonly Purge[]> {
  const response = await defaultCache().match(LIST);
  return response === undefined ? [] : ((await response.json()) as Purge[]);
}

/** @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
async function isSigned(headers: Headers, body: string, secret: string): Promise<boolean> {
  const [id, timestamp] = [headers.get('webhook-id'), headers.get('webhook-timestamp')];
  if (id === null || timestamp === null || !(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE))
    return false;
  const raw = Uint8Array.from(atob(secret.replace(/^whsec_/, '')), (char) => char.charCodeAt(0));
  const key = await crypto.subtle.importKey('raw', raw, { name: 'HMAC', hash: 'SHA-256' }, false, ['verify']);
  const text = new TextEncoder().encode(`${id}.${timestamp}.${body}`);
  const given = (headers.get('webhook-signature') ?? '').split(' ').filter((part) => /^v1,[\w+/]{43}=$/.test(part));
  for (const part of given) {
    const mac = Uint8Array.from(atob(part.slice(3)), (char) => char.charCodeAt(0));
    // The runtime compares in constant time.
    if (await crypto.subtle.verify('HMAC', key, mac, text)) return true;
  }
  return false;
}
