import { toBase64Url } from './base64url.js';

/** Bytes of an HMAC-SHA256 that an address carries: 128 bits. */
const BYTES = 16;
/** Characters of them. */
export const SIGNATURE_LENGTH = 22;

/** A key by which addresses are signed. Its id stands in them, so that keys can be changed one after the other. */
export interface RenderKey {
  /** Letters, digits, `_` and `-`, at most 32. */
  readonly id: string;
  /** At least 16 characters. */
  readonly secret: string;
}

const encoder = new TextEncoder();
/** To make a key of its bytes costs as much as a signature. */
const imported = new Map<string, ReturnType<typeof importKey>>();
const MOST_IMPORTED = 64;

const importKey = (secret: string) =>
  crypto.subtle.importKey('raw', encoder.encode(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);

function keyOf(secret: string): ReturnType<typeof importKey> {
  const known = imported.get(secret);
  if (known !== undefined) return known;
  const key = importKey(secret);
  if (imported.size >= MOST_IMPORTED) imported.clear();
  imported.set(secret, key);
  return key;
}

/** The first 16 bytes of HMAC-SHA256(secret, text in UTF-8), as base64url. */
export async function signatureOf(secret: string, text: string): Promise<string> {
  const mac = await crypto.subtle.sign('HMAC', await keyOf(secret), encoder.encode(text));
  return toBase64Url(new Uint8Array(mac, 0, BYTES));
}

/** In a time that tells nothing of where they differ. */
export function equalInConstantTime(one: string, other: string): boolean {
  let difference = one.length ^ other.length;
  for (let i = 0; i < one.length; i++) difference |= one.charCodeAt(i) ^ (other.charCodeAt(i) | 0);
  return difference === 0;
}
