import { isKnown } from './conditions.js';
import { rangeOf } from './ranges.js';

export interface ImageBody {
  readonly body: Uint8Array;
  readonly contentType: string;
  /** Strong, quoted. */
  readonly etag: string;
}

/** Images are shown by pages of any site. */
export const openTo = { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' } as const;

/** An image as a request asks for it: as it is, a part of it, its headers alone, or that it did not change. */
export function imageResponse(
  { method, headers: asked }: Request,
  { body, contentType, etag }: ImageBody,
  headers: Readonly<Record<string, string>>,
): Response {
  const all = { etag, 'accept-ranges': 'bytes', ...openTo, ...headers };
  if (isKnown(asked.get('if-none-match'), etag)) return new Response(null, { status: 304, headers: all });
  const condition = asked.get('if-range');
  const range = condition === null || condition === etag ? rangeOf(asked.get('range'), body.length) : null;
  if (range === 'unsatisfiable') {
    const none = { 'content-range': `bytes */${body.length}`, 'cache-control': 'no-store' };
    return new Response(null, { status: 416, headers: { ...all, ...none } });
  }
  const part = range === null ? body : body.subarray(range.first, range.last + 1);
  const described = { ...all, 'content-type': contentType, 'content-length': String(part.length) };
  const content = method === 'HEAD' ? null : (part as Uint8Array<ArrayBuffer>);
  if (range === null) return new Response(content, { status: 200, headers: described });
  const place = `bytes ${range.first}-${range.last}/${body.length}`;
  return new Response(content, { status: 206, headers: { ...described, 'content-range': place } });
}
