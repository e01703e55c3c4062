import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Pixels } from '../../src/engine/engine.js';
import { differing, leftHalf, upload } from '../generation/images.js';
import { openFolder } from './tiny.js';

const { folder: work, inkstone: run } = openFolder();
const inkstone = (...args: string[]) => run(args);

async function read(file: string): Promise<Pixels> {
  const { data, info } = await sharp(join(work, file)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

describe('the commands that change an image', () => {
  it('repaint it under a mask and improve it in a region, and leave the rest of it as it was', async () => {
    const drawn = await inkstone('generate', 'a red house', '--out', 'drawn.png', '--seed', '7');
    expect(drawn).toMatchObject({ code: 0, out: expect.stringMatching(/^drawn\.png: 64×64, seed 7, \d+\.\d s\n$/) });
    const { upload: mask } = await upload(leftHalf(64, 64));
    writeFileSync(join(work, 'mask.png'), new Uint8Array(await mask.arrayBuffer()));

    const edited = await inkstone('edit', 'drawn.png', 'a cat', '--out', 'edited.png', '--mask', 'mask.png');
    expect(edited).toMatchObject({ code: 0, out: expect.stringContaining('edited.png: 64×64') });
    const [before, after] = [await read('drawn.png'), await read('edited.png')];
    expect(differing(before, after, (x) => x >= 32)).toBe(0);
    expect(differing(before, after)).toBeGreaterThan(0);

    const refined = await inkstone('refine', 'drawn.png', '--out', 'refined.png', '--region', '8,16,24,32');
    expect(refined).toMatchObject({ code: 0, out: expect.stringContaining('improved: 24×32 at 8,16') });
    const inside = (x: number, y: number) => x >= 8 && x < 32 && y >= 16 && y < 48;
    expect(differing(before, await read('refined.png'), (x, y) => !inside(x, y))).toBe(0);
  });
});
