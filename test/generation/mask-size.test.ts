import { describe, expect, it } from 'vitest';
import type { EditJob } from '../../src/engine/engine.js';
import { ScriptedEngine } from './engines.js';
import { painter, studioFor, untilDone } from './fixture.js';
import { image, upload, waves } from './images.js';

/** The mask that the engine is given for an image of 100 × 80, as the places of its white pixels. */
async function given(width: number, height: number, white: (x: number, y: number) => number): Promise<string[]> {
  const engine = new ScriptedEngine();
  const service = await studioFor({ engines: [engine], catalog: [painter] });
  const mask = await upload(image(width, height, (x, y) => Array<number>(3).fill(white(x, y))));
  await service.edit({ prompt: 'a cat', seed: 7, image: await upload(waves(100, 80)), mask }, untilDone);
  const { data } = (engine.jobs[0] as EditJob).mask!;
  return [...data.keys()].filter((at) => data[at] === 255).map((at) => `${at % 100},${Math.floor(at / 100)}`);
}
const column = (x: number) => Array.from({ length: 80 }, (_, y) => `${x},${y}`);

describe('a mask of another size than its image', () => {
  it.each([0, 1, 2, 3, 201, 399])('that is larger keeps a line of one pixel, in column %d of 400', async (line) => {
    expect(await given(400, 320, (x) => (x === line ? 255 : 0))).toEqual(column(Math.floor(line / 4)));
  });

  it.each([0, 7, 128, 249])('keeps it where sizes do not divide, in column %d of 250', async (line) => {
    expect(await given(250, 200, (x) => (x === line ? 255 : 0))).toHaveLength(80);
  });

  it('keeps a diagonal and a dot', async () => {
    const diagonal = await given(400, 320, (x, y) => (x === y ? 255 : 0));
    expect(diagonal).toEqual(Array.from({ length: 80 }, (_, i) => `${i},${i}`));
    expect(await given(400, 320, (x, y) => (x === 201 && y === 3 ? 255 : 0))).toEqual(['50,0']);
  });

  it('has no more white than its own, where what is antialiased is white from 128 on', async () => {
    const greys = [0, 0, 127, 128, 255, 255, 127, 0];
    expect(await given(200, 160, (x) => greys[x] ?? 0)).toEqual(
      Array.from({ length: 80 }, (_, y) => [`1,${y}`, `2,${y}`]).flat(),
    );
  });

  it('that is smaller is the nearest', async () => {
    expect(await given(50, 40, (x) => (x === 10 ? 255 : 0))).toEqual(
      Array.from({ length: 80 }, (_, y) => [`20,${y}`, `21,${y}`]).flat(),
    );
  });
});
