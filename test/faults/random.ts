/** Random numbers that a seed decides, 0 … 1. https://github.com/cprosche/mulberry32 */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <T>(choices: readonly T[], next: () => number): T => choices[Math.floor(next() * choices.length)]!;
