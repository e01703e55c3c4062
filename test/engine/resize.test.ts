import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Pixels } from '../../src/engine/engine.js';
import { bilinear, type Filter, lanczos, resized } from '../../src/engine/image/resize.js';
import { image } from './images.js';

/** Full of edges, so that kernels overshoot and are cut off at 0 and 255. */
function rough(width: number, height: number): Pixels {
  const colour = (x: number, y: number) => [0, 1, 2].map((c) => (x * x * 7 + y * 13 * (c + 1) + x * y * c * 5) % 256);
  return image(width, height, colour);
}

const digest = ({ data }: Pixels) => createHash('sha256').update(data).digest('hex').slice(0, 16);

// Expected bytes and digests are what Pillow 13.0 makes of the same images.
describe('an image in another size', () => {
  it('has Pillow’s bytes', () => {
    expect([...resized(rough(7, 5), 4, 3, lanczos).data]).toEqual([
      6, 11, 13, 33, 39, 56, 119, 130, 125, 168, 187, 149, 28, 56, 88, 52, 109, 157, 152, 179, 93, 96, 83, 107, 50, 101,
      170, 74, 180, 95, 173, 144, 97, 130, 148, 104,
    ]);
    expect([...resized(rough(5, 3), 7, 4, bilinear).data]).toEqual([
      0, 0, 0, 4, 4, 4, 13, 13, 13, 28, 28, 28, 53, 53, 53, 84, 84, 84, 112, 112, 112, 8, 16, 24, 12, 22, 32, 21, 33,
      46, 36, 51, 65, 61, 78, 94, 92, 111, 130, 120, 141, 161, 18, 36, 54, 22, 44, 66, 31, 57, 85, 46, 78, 109, 71, 108,
      144, 102, 143, 144, 130, 175, 125, 26, 52, 78, 30, 62, 93, 39, 78, 117, 54, 100, 146, 79, 132, 185, 110, 170, 121,
      138, 204, 14,
    ]);
  });

  it.each<[number, number, number, number, Filter, string]>([
    [97, 61, 33, 40, lanczos, '33ec5475bf4587a7'],
    [97, 61, 97, 20, lanczos, '36d9fdb7264291d9'],
    [40, 30, 131, 77, lanczos, '0e9c26c53ec6a891'],
    [97, 61, 64, 48, bilinear, 'a000d52a980601d1'],
    [1280, 900, 320, 225, lanczos, '7c6040e5e68e4ed4'],
  ])('of %d × %d, made %d × %d, has Pillow’s bytes', (width, height, toWidth, toHeight, filter, expected) => {
    const made = resized(rough(width, height), toWidth, toHeight, filter);
    expect([made.width, made.height, made.data.length]).toEqual([toWidth, toHeight, toWidth * toHeight * 3]);
    expect(digest(made)).toBe(expected);
  });

  it('is the image itself where the size is the same', () => {
    const same = rough(9, 4);
    expect(resized(same, 9, 4)).toEqual(same);
  });
});
