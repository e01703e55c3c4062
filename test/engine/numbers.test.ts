import { describe, expect, it } from 'vitest';
import { fromPixels, toPixels } from '../../src/engine/image/pixels.js';
import { previewSteps } from '../../src/engine/pipelines/progress-reporter.js';
import { TorchGenerator } from '../../src/engine/pipelines/torch-generator.js';
import { averaged } from '../../src/engine/runtime/tensor.js';

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
  const level = (value: number) => toPixels({ shape: [1, 3, 1, 1], data: new Float32Array(3).fill(value) }).data[0];

  it.each([
    [-0.007843106985092163, 126.5, 126],
    [0, 127.5, 128],
    [0.00784310046583414, 128.5, 128],
    [0.5725489854812622, 200.5, 200],
    [0.9882351756095886, 253.5, 254],
    [0.996078372001648, 254.5, 254],
  ])('round half to even: %d, which is %d in float32, is %d', (value, tie, expected) => {
    expect(Math.fround(Math.fround(value / 2 + 0.5) * 255)).toBe(tie);
    expect(level(value)).toBe(expected);
  });

  it.each([
    [-3, 0],
    [-1, 0],
    [-0.998, 0],
    [-0.994, 1],
    [0.99, 254],
    [0.998, 255],
    [1, 255],
    [3, 255],
  ])('round to the nearest, and stay within a byte: %d is %d', (value, expected) => {
    expect(level(value)).toBe(expected);
  });

  it('come back from the values that the encoder takes', () => {
    const data = Uint8Array.from({ length: 256 * 3 }, (_, i) => i & 255);
    expect(toPixels(fromPixels({ width: 256, height: 1, data })).data).toEqual(data);
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
