import { describe, expect, it } from 'vitest';
import { TorchGenerator } from '../../src/engine/noise.js';
import { toPixels } from '../../src/engine/picture.js';
import { averaged } from '../../src/engine/tensor.js';
import { previewSteps } from '../../src/engine/watch.js';

describe('noise', () => {
  it('is a function of the seed, up to 2^53−1', () => {
    const draw = (seed: number) => [...new TorchGenerator(seed).randn([1, 16, 2, 2]).data.slice(0, 3)];
    // What PyTorch 2.13 draws for seed 0.
    const expected = [-1.1258398, -1.1523602, -0.2505786];
    for (const [i, value] of draw(0).entries()) expect(value).toBeCloseTo(expected[i]!, 5);
    expect(draw(2 ** 32)).toEqual(draw(0));
    expect(draw(Number.MAX_SAFE_INTEGER)).not.toEqual(draw(0));
  });

  it.each([-1, 0.5, 2 ** 53, Number.NaN])('refuses the seed %d', (seed) => {
    expect(() => new TorchGenerator(seed)).toThrow('seed');
  });
});

describe('pixels', () => {
  it('round half to even, and stay within a byte', () => {
    // (x/2 + 0.5)·255 = 0.5, 1.5, 2.5 exactly would need an x that float32 does not have; the ends it has.
    const { data } = toPixels({ shape: [1, 3, 1, 1], data: Float32Array.of(-3, 0, 3) });
    expect([...data]).toEqual([0, 128, 255]);
  });

  it('are averaged down by whole factors', () => {
    const small = averaged({ shape: [1, 1, 2, 4], data: Float32Array.of(1, 3, 5, 7, 1, 3, 5, 7) }, 2);
    expect(small.shape).toEqual([1, 1, 1, 2]);
    expect([...small.data]).toEqual([2, 6]);
  });
});

describe('previews', () => {
  it.each([1, 2, 3, 4, 8, 28, 50, 100])('of %d steps come at least twice where they can, and never last', (steps) => {
    const shown = previewSteps(steps);
    expect(shown.size).toBeGreaterThanOrEqual(Math.min(2, steps - 1));
    expect([...shown].every((step) => step >= 1 && step < steps)).toBe(true);
  });
});
