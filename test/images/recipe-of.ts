import type { CanonicalGenerate } from '../../src/domain/canonical.js';
import { unguided } from '../../src/domain/sampling.js';

/** What an image of a cat was made from, with these differences. */
export function recipeOf(changes: Partial<CanonicalGenerate> = {}) {
  const image: CanonicalGenerate = {
    ...{ operation: 'GENERATE', model: 'tiny', content: '', device: 'cpu', runtime: '', maxPromptTokens: 512 },
    prompt: { text: 'a cat', negative: '' },
    sampling: { ...unguided, steps: 8, loras: [] },
    ...{ width: 96, height: 64, seed: 7 },
    ...changes,
  };
  return { image, fingerprint: 'f'.repeat(64) };
}
