import type { Job } from '../domain/job.js';

/**
 * What jobs must have in common to share a model call, as one word: model, size and sampling; prompts and seeds may differ. Null for a job
 * that shares with none: edits and refinements work on images of their own.
 */
export function batchKeyOf({ image }: Job): string | null {
  if (image.operation !== 'GENERATE') return null;
  const { prompt: _prompt, seed: _seed, ...common } = image;
  return JSON.stringify(common);
}
