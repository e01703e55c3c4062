import { describe, expect, it } from 'vitest';
import { guided, truncated } from '../../src/engine/pipelines/guidance.js';
import type { Tensor } from '../../src/engine/runtime/tensor.js';

const x: Tensor = { shape: [1, 1, 1, 2], data: Float32Array.of(0, 0) };
/** A prompt that predicts (3, 4), of length 5, and a negative one that predicts (1, 0). */
const both = async (): Promise<Tensor> => ({ shape: [2, 1, 1, 2], data: Float32Array.of(3, 4, 1, 0) });

async function guidedTo(scale: number, normalization: number): Promise<readonly number[]> {
  return [...(await guided(both, { scale, normalization, truncation: 1 })(x, 0.5)).data];
}

describe('guidance', () => {
  it.each([
    [0, [3, 4]],
    [0.5, [4, 6]],
    [1, [5, 8]],
    [3, [9, 16]],
  ])('of %d is pos + g·(pos − neg)', async (scale, expected) => {
    expect(await guidedTo(scale, 0)).toEqual(expected);
  });

  it.each([
    [10, Math.hypot(5, 8)],
    [1.5, 7.5],
    [1, 5],
    [0.5, 2.5],
  ])(
    'normalised to %d times the length of pos has the direction of before and a length of %d',
    async (limit, length) => {
      const [a, b] = (await guidedTo(1, limit)) as [number, number];
      expect(Math.hypot(a, b)).toBeCloseTo(length, 5);
      expect(a / b).toBeCloseTo(5 / 8, 5);
    },
  );

  // The model's time is 1 − sigma.
  it.each([
    [1, 0, 'guided'],
    [0.6, 0.5, 'guided'],
    [0.4, 0.65, 'guided'],
    [0.4, 0.5, 'alone'],
    [0, 0.999, 'alone'],
    [0, 1, 'guided'],
  ])('at sigma %d with a truncation of %d is %s', async (sigma, truncation, expected) => {
    const asked: string[] = [];
    const field = (name: string) => async (at: Tensor) => {
      asked.push(name);
      return at;
    };
    await truncated(field('guided'), field('alone'), { scale: 1, normalization: 0, truncation })(x, sigma);
    expect(asked).toEqual([expected]);
  });
});
