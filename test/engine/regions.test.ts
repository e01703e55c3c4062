import { describe, expect, it } from 'vitest';
import { boxesOf, feathered } from '../../src/engine/image/mask.js';
import { findRegions } from '../../src/engine/image/regions.js';
import { image, maskOf, within } from './images.js';

/** Fine texture where `textured` says so, on a plain ground. */
function patches(width: number, height: number, textured: (x: number, y: number) => boolean) {
  const grain = (x: number, y: number) => ((x * 7 + y * 13) % 5 < 2 ? 90 : 160);
  return image(width, height, (x, y) => Array(3).fill(textured(x, y) ? grain(x, y) : 200));
}

describe('the regions of an image', () => {
  it('are the eight largest where there are more, and none overlaps another', () => {
    // Twelve squares, of which the first row's are small.
    const many = patches(
      480,
      360,
      (x, y) => Math.min(x % 120, y % 120) >= 32 && Math.max(x % 120, y % 120) < (y < 120 ? 56 : 88),
    );
    const regions = findRegions(many);
    expect(regions).toHaveLength(8);
    for (let i = 0; i < 12; i++) {
      const [x, y] = [(i % 4) * 120 + 40, Math.floor(i / 4) * 120 + 40];
      expect(regions.filter((region) => within(region, x, y))).toHaveLength(i < 4 ? 0 : 1);
    }
  });

  it('lie within the image, also where it is large and of odd sides', () => {
    const [width, height] = [1501, 1003];
    const [region, ...others] = findRegions(patches(width, height, (x, y) => x > 1400 && y > 850));
    expect(others).toEqual([]);
    expect([region!.x + region!.width, region!.y + region!.height]).toEqual([width, height]);
    expect(region!.x).toBeGreaterThan(1340);
    expect(region!.y).toBeGreaterThan(790);
  });

  it('are no lines, edges, or grain', () => {
    const grid = image(256, 256, (x, y) => (x % 64 < 2 || y % 64 < 2 ? [0, 0, 0] : [240, 240, 240]));
    const board = image(256, 256, (x, y) => (((x >> 6) + (y >> 6)) % 2 === 0 ? [20, 20, 20] : [230, 230, 230]));
    const grain = image(256, 256, (x, y) => Array(3).fill(128 + ((x * 31 + y * 17 + ((x * y) % 7)) % 9) - 4));
    for (const plain of [grid, board, grain]) expect(findRegions(plain)).toEqual([]);
  });
});

describe('a mask', () => {
  it('has a box around each of its parts, and one around all where they are many', () => {
    const spot = { x: 5, y: 7, width: 11, height: 3 };
    expect(boxesOf(maskOf(spot, 60, 40))).toEqual([spot]);
    expect(boxesOf({ width: 60, height: 40, data: new Uint8Array(2400) })).toEqual([]);
    const dots = Uint8Array.from({ length: 2400 }, (_, i) =>
      (i % 60) % 10 === 3 && Math.floor(i / 60) % 10 === 4 ? 255 : 0,
    );
    expect(boxesOf({ width: 60, height: 40, data: dots })).toEqual([{ x: 3, y: 4, width: 51, height: 31 }]);
  });

  it('fades inwards, not at the image’s border, and over its own thickness where it is thin', () => {
    const row = (weights: number[]) => feathered({ shape: [1, 1, 1, 8], data: Float32Array.from(weights) }, 4).data;
    expect([...row([0, 1, 1, 1, 1, 1, 1, 1])]).toEqual([0, 0.25, 0.5, 0.75, 1, 1, 1, 1]);
    expect([...row([0, 0, 1, 1, 1, 0, 0, 0])]).toEqual([0, 0, 0.5, 1, 0.5, 0, 0, 0]);
    expect([...row([1, 1, 1, 1, 1, 1, 1, 1])]).toEqual(Array(8).fill(1));
    expect([...row([0, 0, 0, 0, 0, 0, 0, 0])]).toEqual(Array(8).fill(0));
  });
});
