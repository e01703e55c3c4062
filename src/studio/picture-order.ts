import { forwards } from '../engine/schedule.js';
import type { Recipe } from '../imaging/recipe.js';
import type { Work } from '../jobs/work.js';
import { type CanonicalRequest, pictureFingerprint } from './canonical.js';
import type { StoredPictures } from './stored-pictures.js';

/** One picture that is wanted: by what it is remembered, and how it is made. */
export interface PictureOrder {
  readonly fingerprint: string;
  readonly work: Work;
  /** Forwards that its making takes. */
  readonly forwards: number;
  /** What is written into it. */
  readonly recipe: Recipe;
}

export function pictureFingerprints(request: CanonicalRequest): readonly string[] {
  return Array.from({ length: request.count }, (_, i) => pictureFingerprint(request, i));
}

/**
 * The pictures of a request, in order: picture i has seed + i.
 *
 * @param stored null where no pictures came with it
 */
export function pictureOrders(request: CanonicalRequest, stored: StoredPictures | null): readonly PictureOrder[] {
  return pictureFingerprints(request).map((fingerprint, i) => {
    const one = { ...request, seed: request.seed + i };
    return {
      fingerprint,
      work: workOf(one, stored),
      forwards: forwardsOf(request),
      recipe: recipeOf(one, fingerprint),
    };
  });
}

/** One job for pictures that differ in nothing but their seeds. */
export function together(orders: readonly PictureOrder[]): Work {
  const { work } = orders[0]!;
  if (work.operation !== 'GENERATE') return work;
  return { ...work, seeds: orders.flatMap((order) => (order.work.operation === 'GENERATE' ? order.work.seeds : [])) };
}

/** Pixels times forwards, of which guidance makes two of each step. */
export function effortOf({ forwards, recipe: { width, height, guidance } }: PictureOrder): number {
  return forwards * (guidance > 0 ? 2 : 1) * width * height;
}

/** Forwards that each picture takes: a change runs the last of its schedule, a refinement all of its own. */
export function forwardsOf(request: CanonicalRequest): number {
  return request.operation === 'EDIT' && request.strength !== null
    ? forwards(request.steps, request.strength)
    : request.steps;
}

function workOf(request: CanonicalRequest, stored: StoredPictures | null): Work {
  const { model, prompt, negativePrompt, steps, guidance, guidanceNormalization, guidanceTruncation, seed } = request;
  const drawing = {
    ...{ model, prompt, negativePrompt, steps, guidance, guidanceNormalization, guidanceTruncation },
    loras: request.loras.map(({ id, weight }) => ({ id, weight })),
    previews: true,
  };
  if (request.operation === 'GENERATE')
    return {
      ...drawing,
      operation: request.operation,
      width: request.width,
      height: request.height,
      seeds: [seed],
    };
  if (stored === null) throw new Error('A change needs the picture that is changed.');
  const { source, references, mask } = stored;
  if (request.operation === 'REFINE') {
    const { operation, regions, strength } = request;
    return { ...drawing, operation, source, mask, regions, strength, seed };
  }
  const { operation, mode, strength } = request;
  return { ...drawing, operation, mode, source, references, mask, strength, seed };
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
