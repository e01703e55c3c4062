import type { Job } from '../domain/job.js';

/**
 * What jobs must have in common to share a forward, as one word: model, size and sampling; prompts and seeds may differ. Null for a job
 * that shares with none: edits and refinements work on images of their own.
 */
export function forwardOf({ work }: Job): string | null {
  if (work.operation !== 'GENERATE') return null;
  const { prompt: _prompt, negativePrompt: _negative, seed: _seed, ...common } = work;
  return JSON.stringify(common);
}
