import { describe, expect, it } from 'vitest';
import { centred, fitted } from '../../src/engine/pipelines/reference-conditioning.js';
import { isValidReference } from '../../src/engine/pipelines/valid-reference.js';
import { image, waves } from './images.js';

describe('an image that words speak of', () => {
  it('keeps its size up to a megapixel, and takes the target’s area above', () => {
    const whole = waves(1024, 1024);
    expect(fitted(whole, 80 * 64)).toBe(whole);
    const smaller = fitted(waves(1400, 900), 80 * 64);
    expect([smaller.width, smaller.height]).toEqual([89, 57]);
  });

  it('is cut to multiples of 16 around its middle', () => {
    const middle = centred(image(70, 83, (x, y) => [x, y, 0]));
    expect([middle.width, middle.height]).toEqual([64, 80]);
    expect([...middle.data.subarray(0, 3)]).toEqual([3, 1, 0]);
    expect([...middle.data.subarray(-3)]).toEqual([66, 80, 0]);
  });

  it.each([
    [64, 64, true],
    [64, 512, true],
    [63, 64, false],
    [64, 513, false],
    [1040, 130, true],
  ])('of %d × %d may be shown: %s', (width, height, may) => {
    expect(isValidReference({ width, height })).toBe(may);
  });
});
