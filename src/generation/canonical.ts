import { createHash } from 'node:crypto';
import type { CanonicalImage, CanonicalRequest } from '../domain/canonical.js';

/** Raised when the meaning of a fingerprint changes, so that no image made before is taken for one requested now. */
const version = 4;

/** The images of a request, in order. */
export function imagesOf({ count, ...first }: CanonicalRequest): readonly CanonicalImage[] {
  return Array.from({ length: count }, (_, i) => ({ ...first, seed: first.seed + i }));
}

/** Of the whole request, count included. */
export function requestFingerprint(request: CanonicalRequest): string {
  return fingerprint(request);
}

/** Of one image: a request for several and a request for this one alone give it the same. */
export function imageFingerprint(image: CanonicalImage): string {
  return fingerprint(image);
}

function fingerprint(fields: object): string {
  return createHash('sha256')
    .update(JSON.stringify([version, sorted(fields)]))
    .digest('hex');
}

/** Objects as lists of their fields by name, so that the order in which they were written does not count. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.keys(fields)
    .sort()
    .map((name) => [name, sorted(fields[name])]);
}
