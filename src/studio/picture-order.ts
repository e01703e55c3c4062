import type { EngineJob } from '../engine/job.js';
import { type CanonicalRequest, pictureFingerprint } from './canonical.js';

/** One picture that is wanted: by what it is remembered, and how it is made. */
export interface PictureOrder {
  readonly fingerprint: string;
  readonly work: EngineJob;
}

/** The pictures of a request, in order: picture i has seed + i. */
export function pictureOrders(request: CanonicalRequest): readonly PictureOrder[] {
  const { operation, model, prompt, negativePrompt, width, height, steps, guidance, seed, count } = request;
  return Array.from({ length: count }, (_, i) => ({
    fingerprint: pictureFingerprint(request, i),
    work: { operation, model, prompt, negativePrompt, width, height, steps, guidance, seed: seed + i, previews: true },
  }));
}
