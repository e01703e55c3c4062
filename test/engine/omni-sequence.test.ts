import { describe, expect, it } from 'vitest';
import { omniSequence, type Position } from '../../src/engine/models/omni-sequence.js';

const origins = (count: number): Position[] => Array(count).fill([0, 0, 0]);
const frames = (from: number, to: number): Position[] =>
  Array.from({ length: to - from + 1 }, (_, i) => [from + i, 0, 0]);
const counted = (flags: readonly boolean[]) => [flags.indexOf(true), flags.filter(Boolean).length];

describe('the omni sequence of two segments around an image and one after the target', () => {
  const { captions, images, features } = omniSequence(
    [4, 23, 3],
    [
      { rows: 2, columns: 3 },
      { rows: 8, columns: 4 },
    ],
    [{ rows: 3, columns: 4 }, null],
  );

  it('counts frames by unpadded lengths, and shifts the positions of later segments as the reference does', () => {
    expect(captions.positions).toEqual([...frames(1, 32), ...origins(28), ...frames(7, 38), ...origins(4)]);
  });

  it('puts each image in the frame after its segment, and its padding at the origin', () => {
    expect(images.positions.slice(0, 7)).toEqual([
      ...[0, 1, 2].map((column) => [5, 0, column]),
      ...[0, 1, 2].map((column) => [5, 1, column]),
      [0, 0, 0],
    ]);
    expect(images.positions.slice(32)).toEqual(Array.from({ length: 32 }, (_, i) => [30, Math.floor(i / 4), i % 4]));
  });

  it('spreads an image’s features over its latents, one frame on, and pads where the target has none', () => {
    // Rows 0, 1, 2 over 4 cells, columns 0 … 3 over 6, both cut to whole numbers.
    const expected = [0, 1, 3].flatMap((row) => [0, 1, 3, 5].map((column) => [6, row, column]));
    expect(features.positions).toEqual([...expected, ...origins(20), ...origins(32)]);
  });

  it('is noisy in the target, its segment and whatever comes after', () => {
    expect(counted(captions.noisy)).toEqual([32, 64]);
    expect(counted(images.noisy)).toEqual([32, 32]);
    expect(counted(features.noisy)).toEqual([32, 32]);
  });
});
