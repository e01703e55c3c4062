import { describe, expect, it } from 'vitest';
import type { EditJob, Mask, Pixels } from '../../src/engine/engine.js';
import { binarised, feathered, nearestCells } from '../../src/engine/image/mask.js';
import { engineWith, prompt, run } from './engines.js';
import { editJob, waves } from './images.js';

const SIDE = 128;
type Shape = (x: number, y: number) => boolean;
const square: Shape = (x, y) => x >= 64 && x < 120 && y >= 40 && y < 96;

/** Strokes of a single pixel, or little more, beside a square. */
const strokes: readonly (readonly [string, Shape])[] = [
  ['a vertical line', (x, y) => x === 21 && y >= 10 && y < 110],
  ['a horizontal line', (x, y) => y === 13 && x >= 10 && x < 110],
  ['a diagonal', (x, y) => x === y + 3 && x < 50],
  ['the other diagonal', (x, y) => x === 60 - y],
  ['a line that goes out from the square', (x, y) => y === 69 && x >= 5 && x < 64],
  ['a line beside the square', (x, y) => x === 58 && y >= 40 && y < 96],
  ['a line along the left edge', (x) => x === 0],
  ['a line along the right edge', (x) => x === SIDE - 1],
  ['a line along the bottom edge', (_x, y) => y === SIDE - 1],
  ['a dot', (x, y) => x === 13 && y === 14],
  ['a dot in the corner', (x, y) => x === SIDE - 1 && y === SIDE - 1],
  ['dots', (x, y) => x % 16 === 5 && y % 16 === 7 && x < 60],
  ['a stroke of seven pixels', (x, y) => x >= 17 && x < 24 && y >= 9 && y < 80],
];

function drawn(...shapes: readonly Shape[]): Mask {
  const data = Uint8Array.from({ length: SIDE ** 2 }, (_, at) =>
    shapes.some((shape) => shape(at % SIDE, Math.floor(at / SIDE))) ? 255 : 0,
  );
  return { width: SIDE, height: SIDE, data };
}

/** Cells as x,y, of 8 × 8 pixels. */
function whiteCells(mask: Mask): readonly string[] {
  const { data } = nearestCells(binarised(mask));
  return [...data.keys()].filter((at) => data[at] === 1).map((at) => `${at % 16},${Math.floor(at / 16)}`);
}

describe('the cells that a mask repaints', () => {
  it.each(strokes)('are all that %s touches, and the square', (_name, stroke) => {
    const touched = new Set<string>();
    for (let y = 0; y < SIDE; y++) for (let x = 0; x < SIDE; x++) if (stroke(x, y)) touched.add(`${x >> 3},${y >> 3}`);
    const expected = new Set([...whiteCells(drawn(square)), ...touched]);
    expect(new Set(whiteCells(drawn(square, stroke)))).toEqual(expected);
    expect(new Set(whiteCells(drawn(stroke)))).toEqual(touched);
  });

  it.each<[string, Shape]>([
    ['a square', square],
    ['a square between cells', (x, y) => x >= 35 && x < 90 && y >= 21 && y < 50],
    ['a disc', (x, y) => (x - 60) ** 2 + (y - 60) ** 2 < 40 ** 2],
    ['a ring', (x, y) => Math.abs(Math.hypot(x - 60, y - 60) - 40) < 8],
    ['a slanting half', (x, y) => x * 2 + y < 170],
    ['a rough edge', (x, y) => y < 60 + (x % 3)],
  ])('of %s are those whose first pixel is white, as the reference has it', (_name, shape) => {
    const first = whiteCells(drawn((x, y) => shape(x & ~7, y & ~7)));
    expect(whiteCells(drawn(shape))).toEqual(first);
  });
});

it('a line in a larger mask follows the words as the rest of the mask does', async () => {
  const engine = engineWith();
  const line = strokes[0]![1];
  const inpaint: EditJob = { ...editJob, mode: 'INPAINT', strength: 1, source: waves(SIDE, SIDE) };
  const mask = drawn(square, line);
  const house = await run(engine, { ...inpaint, mask });
  const boat = await run(engine, { ...inpaint, mask, prompt: prompt('a blue boat') });
  expect(difference(house, boat, line)).toBeGreaterThan(0.3 * difference(house, boat, square));
  expect(difference(house, inpaint.source, (x, y) => !line(x, y) && !square(x, y))).toBe(0);
});

it('a line in a larger mask is refined over its own thickness', () => {
  const { data } = feathered(binarised(drawn(square, strokes[0]![1])), 8);
  const at = (x: number, y: number) => data[y * SIDE + x];
  expect([at(20, 50), at(21, 50), at(22, 50)]).toEqual([0, 1, 0]);
  expect([at(63, 60), at(64, 60), at(67, 60), at(72, 60), at(90, 60)]).toEqual([0, 0.125, 0.5, 1, 1]);
});

/** Levels that the values of two images differ by, on average over a shape. */
function difference(a: Pixels, b: Pixels, shape: Shape): number {
  let [sum, count] = [0, 0];
  for (let at = 0; at < a.data.length; at++) {
    const pixel = Math.floor(at / 3);
    if (!shape(pixel % SIDE, Math.floor(pixel / SIDE))) continue;
    sum += Math.abs(a.data[at]! - b.data[at]!);
    count++;
  }
  return sum / count;
}
