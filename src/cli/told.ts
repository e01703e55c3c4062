import type { Generation } from '../generation/types.js';

/** An image that was written. */
export interface Written {
  /** As it was typed or numbered; null where it went to standard output. */
  readonly file: string | null;
  readonly seed: number;
  /** The sha256 of its master, recipe included. */
  readonly id: string;
}

/** `cat.png: 256×256, seed 7, 1.2 s`; of a refinement with the regions that it improved. */
export function inWords({ file, seed }: Written, generation: Generation): string {
  const { operation, width, height, regions } = generation;
  const places = regions.map((region) => `${region.width}×${region.height} at ${region.x},${region.y}`);
  const improved = operation === 'REFINE' ? [`improved: ${places.join('; ') || 'nothing'}`] : [];
  const seconds = `${(durationOf(generation) / 1000).toFixed(1)} s`;
  return `${file ?? '-'}: ${[`${width}×${height}`, `seed ${seed}`, seconds, ...improved].join(', ')}`;
}

/** What a prompt's images were made with, as one line of JSON: the words are those of the API. */
export function asJson(images: readonly Written[], generations: readonly Generation[]): string {
  const [first] = generations as readonly [Generation];
  const { operation, modelName: model, prompt, negativePrompt, width, height, steps, guidance, loras } = first;
  const { editMode, strength, regions, promptTokens, promptTruncated, seed, timings } = first;
  const durationMs = generations.reduce((sum, generation) => sum + durationOf(generation), 0);
  return JSON.stringify({
    ...{ operation, model, prompt, negativePrompt, width, height, seed, steps, guidance, loras },
    ...{ editMode, strength, regions, promptTokens, promptTruncated, images, durationMs, timings },
  });
}

function durationOf({ createdAt, finishedAt }: Generation): number {
  return (finishedAt ?? createdAt) - createdAt;
}
