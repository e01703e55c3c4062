/** Tokens that the chat template adds to every prompt. */
const templateTokens = 8;

/**
 * Guidance scaled by how much the prompt asks for: short, plain prompts burn out at a fixed guidance, long and dense ones
 * are under-served. The factor goes from 0.7 to 1.3.
 */
export function dynamicGuidance(guidance: number, prompt: string, tokens: number): number {
  const content = Math.max(0, tokens - templateTokens);
  const complexity = 0.6 * Math.min(1, content / 64) + 0.4 * distinctShare(prompt);
  const factor = 0.7 + 0.6 * complexity;
  // Four decimals are finer than an image shows, and print the same everywhere.
  return Math.round(guidance * factor * 1e4) / 1e4;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'word' });

/** Distinct words of all words; the segmenter finds those of Chinese too. */
function distinctShare(prompt: string): number {
  const all = [...segmenter.segment(prompt)]
    .filter(({ isWordLike }) => isWordLike)
    .map(({ segment }) => segment.toLowerCase());
  return all.length === 0 ? 0 : new Set(all).size / all.length;
}
