import { createHash } from 'node:crypto';

/** Raised when the meaning of a fingerprint changes, so that nothing made before is taken for what is asked now. */
const version = 1;

/** Everything that decides the pixels of a request's pictures. Two requests with equal canonical forms are the same. */
export interface CanonicalRequest {
  readonly operation: 'GENERATE';
  readonly model: string;
  /** Hash of the model's files: two fine-tunes under one name never share pictures. */
  readonly content: string;
  /** The device class decides the precision, and so the last bits of a picture. */
  readonly device: string;
  /** NFC. */
  readonly prompt: string;
  /** NFC; empty where guidance is off, because it is not looked at then. */
  readonly negativePrompt: string;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  /** In effect: after dynamic guidance. */
  readonly guidance: number;
  /** Of the first picture; picture i has seed + i. */
  readonly seed: number;
  readonly count: number;
}

/** Of the whole request, count included. */
export function requestFingerprint(request: CanonicalRequest): string {
  return fingerprint({ ...request });
}

/** Of picture i alone: a request for one picture with that seed has the same. */
export function pictureFingerprint({ count, ...request }: CanonicalRequest, i: number): string {
  return fingerprint({ ...request, seed: request.seed + i });
}

function fingerprint(fields: Readonly<Record<string, string | number>>): string {
  const sorted = Object.keys(fields).sort();
  const json = JSON.stringify([version, ...sorted.map((name) => [name, fields[name]])]);
  return createHash('sha256').update(json).digest('hex');
}
