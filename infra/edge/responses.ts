import { isKnown } from '../../src/http/conditions.js';
import { rangeOf } from '../../src/http/ranges.js';

/** A response held in memory, so that many requests can be answered with it. */
export interface Snapshot {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: ArrayBuffer;
}

export async function snapshotOf(response: Response): Promise<Snapshot> {
  return { status: response.status, headers: [...response.headers], body: await response.arrayBuffer() };
}

/** What a snapshot answers to a request: itself, a part of it, its headers alone, or that it did not change. */
export function respond(
  { method, headers: asked }: Request,
  { status, headers, body }: Snapshot,
  more: Readonly<Record<string, string>>,
): Response {
  const all = new Headers(headers.map(([name, value]): [string, string] => [name, value]));
  for (const [name, value] of Object.entries(more)) all.set(name, value);
  const etag = all.get('etag');
  if (status !== 200 || etag === null) return new Response(method === 'HEAD' ? null : body, { status, headers: all });
  if (isKnown(asked.get('if-none-match'), etag)) {
    for (const name of ['content-length', 'content-type']) all.delete(name);
    return new Response(null, { status: 304, headers: all });
  }
  const condition = asked.get('if-range');
  const range = condition === null || condition === etag ? rangeOf(asked.get('range'), body.byteLength) : null;
  if (range === 'unsatisfiable') {
    all.set('content-range', `bytes */${body.byteLength}`);
    all.set('cache-control', 'no-store');
    all.delete('content-length');
    return new Response(null, { status: 416, headers: all });
  }
  const part = range === null ? body : body.slice(range.first, range.last + 1);
  all.set('content-length', String(part.byteLength));
  if (range !== null) all.set('content-range', `bytes ${range.first}-${range.last}/${body.byteLength}`);
  return new Response(method === 'HEAD' ? null : part, { status: range === null ? 200 : 206, headers: all });
}

/** A refusal of the edge itself, which nothing keeps. */
export function problem(status: number, code: string, detail: string): Response {
  return new Response(JSON.stringify({ title: code, status, detail, code }), {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
  });
}
