import { fromBase64Url } from './base64url.js';

/**
 * The grammar of render addresses: `/r/{key id}/{expiry|-}/{signature}/{payload}.{extension}`.
 *
 * The payload is the canonical recipe in base64url, or `~` and the SHA-256 of a stored one in base64url. Signed is what stands before and
 * after the signature, `/r/{key id}/{expiry|-}/{payload}`: the extension and what stands behind the question mark are free.
 */
export interface RenderPath {
  readonly keyId: string;
  /** Seconds since 1970, midnight UTC; null where it never expires. */
  readonly expires: number | null;
  readonly signature: string;
  readonly payload: string;
  readonly extension: Extension;
}

export const extensions = ['auto', 'avif', 'webp', 'jpg', 'jpeg', 'png'] as const;
/** The format of the file; `auto` is what the reader's Accept header prefers. */
export type Extension = (typeof extensions)[number];

/** Of the path. Proxies, servers and CDNs take at least twice as much. */
export const MAX_ADDRESS = 4096;
export const DAY = 86_400;

const grammar = new RegExp(`^/r/([\\w-]{1,32})/(-|\\d{1,12})/([\\w-]{22})/(~?[\\w-]+)\\.(${extensions.join('|')})$`);

/** Null where the path is no render address. Nothing is known of its signature. */
export function readRenderPath(path: string): RenderPath | null {
  if (path.length > MAX_ADDRESS) return null;
  const [, keyId, expiry, signature, payload, extension] = grammar.exec(path) ?? [];
  if (keyId === undefined) return null;
  const expires = expiry === '-' ? null : Number(expiry);
  // Each address is written in one way: no leading zeros, whole days.
  if (expires !== null && (String(expires) !== expiry || expires % DAY !== 0)) return null;
  return { keyId, expires, signature: signature!, payload: payload!, extension: extension as Extension };
}

/** What is signed. */
export function signedText({ keyId, expires, payload }: Pick<RenderPath, 'keyId' | 'expires' | 'payload'>): string {
  return `/r/${keyId}/${expires ?? '-'}/${payload}`;
}

export function renderPath(parts: RenderPath): string {
  const { keyId, expires, signature, payload, extension } = parts;
  return `/r/${keyId}/${expires ?? '-'}/${signature}/${payload}.${extension}`;
}

/** The JSON of the recipe, or the id under which it is stored; null where the payload is neither. */
export function readPayload(payload: string): { readonly json: string } | { readonly stored: string } | null {
  if (payload.startsWith('~'))
    return payload.length === 44 && fromBase64Url(payload.slice(1)) ? { stored: payload } : null;
  const bytes = fromBase64Url(payload);
  if (bytes === null) return null;
  try {
    return { json: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return null;
  }
}
