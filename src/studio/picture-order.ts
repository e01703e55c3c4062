import type { EngineJob } from '../engine/job.js';
import type { Recipe } from '../imaging/recipe.js';
import { type CanonicalRequest, pictureFingerprint } from './canonical.js';

/** One picture that is wanted: by what it is remembered, and how it is made. */
export interface PictureOrder {
  readonly fingerprint: string;
  readonly work: EngineJob;
  /** What is written into it. */
  readonly recipe: Recipe;
}

/** The pictures of a request, in order: picture i has seed + i. */
export function pictureOrders(request: CanonicalRequest): readonly PictureOrder[] {
  const { operation, model, prompt, negativePrompt, width, height, steps, guidance, seed, count } = request;
  const drawing = { model, prompt, negativePrompt, width, height, steps, guidance };
  return Array.from({ length: count }, (_, i) => {
    const fingerprint = pictureFingerprint(request, i);
    return {
      fingerprint,
      work: {
        ...drawing,
        operation,
        guidanceNormalization: 0,
        guidanceTruncation: 1,
        loras: [],
        seeds: [seed + i],
        previews: true,
      },
      recipe: { ...drawing, seed: seed + i, fingerprint },
    };
  });
}
