import { store } from './edge-cache.js';
import { purgedSince } from './purge.js';
import { problem, respond, type Snapshot, snapshotOf } from './responses.js';
import type { Context } from './worker.js';

export interface CachedImage {
  /** An address that stands for the image, its format and size, and for nothing else of the request. */
  readonly key: string;
  readonly origin: string;
  /** Whether Accept chose the format. */
  readonly negotiated: boolean;
}

/** Longer than the program holds a cold render open. */
const TIMEOUT_MS = 65_000;
/** Requests of this isolate that are under way, by key. */
const running = new Map<string, Promise<Snapshot>>();

/** From the cache where it is there and fresh enough, else from the program, which many requests at once ask once. */
export async function cachedImage(request: Request, context: Context, image: CachedImage): Promise<Response> {
  const began = Date.now();
  const answer = (snapshot: Snapshot, status: string) =>
    respond(request, snapshot, {
      'cache-status': `inkstone-edge; ${status}`,
      'server-timing': `edge;desc="${status}";dur=${Date.now() - began}`,
      ...(image.negotiated ? { vary: 'Accept' } : {}),
    });
  const ask = () => coalesced(request, context, image);
  const kept = await store(context).match(image.key);
  const purged = kept === null ? null : await purgedSince(kept);
  if (kept === null || purged === 'hard') {
    try {
      return answer(await ask(), 'fwd=miss');
    } catch {
      return problem(502, 'ORIGIN_UNREACHABLE', 'Expected an answer of the server but received none.');
    }
  }
  const age = (Date.now() - kept.at) / 1000;
  if (purged === null && age < kept.fresh) return answer(kept.snapshot, 'hit');
  if (age < kept.fresh + kept.staleWhileRevalidate) {
    context.waitUntil(ask().catch(() => {}));
    return answer(kept.snapshot, 'hit; detail=stale');
  }
  const current = await ask().catch(() => null);
  if (current !== null && current.status < 500) return answer(current, 'fwd=stale');
  if (age < kept.fresh + kept.staleIfError) return answer(kept.snapshot, 'hit; detail=stale');
  return current === null
    ? problem(502, 'ORIGIN_UNREACHABLE', 'Expected an answer of the server but received none.')
    : answer(current, 'fwd=stale');
}

/** The first request asks; those that come meanwhile share its answer, also after it has left. */
function coalesced(request: Request, context: Context, image: CachedImage): Promise<Snapshot> {
  const known = running.get(image.key);
  if (known !== undefined) return known;
  const asked = fetchAndKeep(request.headers.get('accept'), context, image).finally(() => running.delete(image.key));
  running.set(image.key, asked);
  context.waitUntil(asked.catch(() => {}));
  return asked;
}

async function fetchAndKeep(accept: string | null, context: Context, { key, origin }: CachedImage): Promise<Snapshot> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error('The server did not answer in time.')), TIMEOUT_MS);
  try {
    // No other header of the request: what is kept must not depend on it.
    const headers: Record<string, string> = accept === null ? {} : { accept };
    const response = await fetch(origin, { headers, redirect: 'manual', signal: abort.signal });
    const snapshot = await snapshotOf(response);
    await store(context).put(key, snapshot);
    return snapshot;
  } finally {
    clearTimeout(timer);
  }
}
