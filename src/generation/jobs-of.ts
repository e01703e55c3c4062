import type { Job } from '../domain/job.js';
import type { Recipe } from '../domain/recipe.js';
import type { Work } from '../domain/work.js';
import { type CanonicalRequest, imageFingerprint } from './canonical.js';
import type { StoredInputs } from './stored-images.js';

export function imageFingerprints(request: CanonicalRequest): readonly string[] {
  return Array.from({ length: request.count }, (_, i) => imageFingerprint(request, i));
}

/** What the jobs of a request have in common beside what decides their pixels. */
export type JobContext = Pick<Job, 'tenant' | 'caller' | 'request' | 'reuse' | 'deadlineMs' | 'traceparent'>;

/**
 * The jobs of a request's images, in order: image i has seed + i.
 *
 * @param fingerprints `imageFingerprints` of the request
 * @param stored null where no images came with it
 */
export function jobsOf(
  request: CanonicalRequest,
  fingerprints: readonly string[],
  stored: StoredInputs | null,
  context: JobContext,
): readonly Job[] {
  return fingerprints.map((fingerprint, i) => {
    const one = { ...request, seed: request.seed + i };
    return { ...context, fingerprint, work: workOf(one, stored), recipe: recipeOf(one, fingerprint) };
  });
}

function workOf(request: CanonicalRequest, stored: StoredInputs | null): Work {
  const { model, content, prompt, negativePrompt, steps, guidance, guidanceNormalization, guidanceTruncation, seed } =
    request;
  const drawing = {
    ...{ model, content, prompt, negativePrompt, steps, guidance, guidanceNormalization, guidanceTruncation, seed },
    loras: request.loras,
  };
  if (request.operation === 'GENERATE') {
    const { operation, width, height } = request;
    return { ...drawing, operation, width, height };
  }
  if (stored === null) throw new Error('An edit needs the image that is edited.');
  const { source, references, mask } = stored;
  if (request.operation === 'REFINE') {
    const { operation, regions, regionDetector, strength } = request;
    return { ...drawing, operation, source, mask, regions, regionDetector, strength };
  }
  const { operation, mode, strength } = request;
  return { ...drawing, operation, mode, source, references, mask, strength };
}

function recipeOf(request: CanonicalRequest, fingerprint: string): Recipe {
  const { prompt, negativePrompt, seed, model, steps, guidance, width, height, loras, operation } = request;
  const drawing = {
    ...{ prompt, negativePrompt, seed, model, steps, guidance, width, height, fingerprint },
    guidanceNormalization: request.guidanceNormalization,
    guidanceTruncation: request.guidanceTruncation,
    loras: loras.map(({ id, weight }) => ({ id, weight })),
  };
  if (operation === 'GENERATE') return { ...drawing, change: null };
  const { source, mask, strength } = request;
  if (operation === 'REFINE')
    return {
      ...drawing,
      change: { mode: operation, strength, source, mask, references: [], regions: request.regions },
    };
  const { mode, references } = request;
  return { ...drawing, change: { mode, strength, source, mask, references, regions: null } };
}
