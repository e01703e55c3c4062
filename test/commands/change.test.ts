import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import type { Pixels } from '../../src/engine/job.js';
import { runProgram } from '../program.js';
import { differing, leftHalf, upload } from '../studio/pictures.js';

const root = join(import.meta.dirname, '..', '..');
const tiny = join(root, 'test', 'parity', 'fixtures', 'checkpoints', 'tiny-turbo');
const work = mkdtempSync(join(tmpdir(), 'inkstone-change-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const folders = { transformer: 'transformer', textEncoder: 'text_encoder', tokenizer: 'tokenizer', vae: 'vae' };
const components = { ...folders, scheduler: 'scheduler' };
const entry = {
  ...{ id: 'tiny', name: 'Tiny', family: 'z-image', operations: ['GENERATE', 'EDIT', 'REFINE'] },
  components: Object.fromEntries(Object.entries(components).map(([name, folder]) => [name, join(tiny, folder)])),
  editModes: ['INPAINT', 'STRENGTH'],
  defaults: { width: 64, height: 64, steps: 4, guidance: 0 },
  limits: { minSide: 64, maxSide: 512, maxPixels: 262144, maxPromptTokens: 512 },
  ...{ supportsGuidance: false, supportsNegativePrompt: false },
};
writeFileSync(join(work, 'catalog.json'), JSON.stringify({ models: [entry] }));

const inkstone = (...args: string[]) =>
  runProgram(args, { cwd: work, env: { MODELS_CATALOG: join(work, 'catalog.json') } });

async function read(file: string): Promise<Pixels> {
  const { data, info } = await sharp(join(work, file)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data: new Uint8Array(data) };
}

describe('the commands that change a picture', () => {
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

  it.each([
    [['edit', 'nothing.png', 'a cat'], 'Expected <image> to be a file or an address but received nothing.png'],
    [['edit', 'catalog.json', 'a cat', '--strength', '0.5'], 'Expected `image.upload` to be'],
    [['edit', 'catalog.json', 'a cat', '--strength', 'x'], 'Expected --strength to be a number but received x.'],
    [['edit', 'catalog.json', 'make it blue'], 'one that can EDIT by INSTRUCTION but received none'],
    [['refine', 'catalog.json', '--region', '1,2'], 'Expected --region to be like 10,20,64,48 but received 1,2.'],
    [['generate', 'a cat', '--lora', 'ink:0.8'], 'left out, as tiny has none, but received "ink".'],
    [['generate', 'a cat', '--lora', 'ink ink'], 'Expected --lora to be like style-ink:0.8 but received ink ink.'],
  ])('say in one sentence what they cannot use: %j', async (args, sentence) => {
    const { code, err } = await inkstone(...args, '--out', 'x.png');
    expect(code).toBe(1);
    expect(err).toContain(sentence);
    expect(err.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    [
      'a model that is broken',
      ['--checkpoint', 'broken', 'generate', 'a cat', '--model', 'broken', '--out', 'x.png'],
      'gelu',
    ],
    ['a folder that is not there', ['generate', 'a cat', '--out', 'nowhere/x.png'], 'received nowhere/x.png.'],
    ['a folder for a file', ['generate', 'a cat', '--out', 'folder.png'], 'received folder.png.'],
    ['an option before the prompt', ['generate', '--lora', 'ink', 'a cat', '--out', 'x.png'], 'but received "ink".'],
    ['a command that is none', ['genrate', 'a cat'], 'Expected a command but received "genrate"'],
  ])('say in one sentence what is wrong with %s', async (_what, args, sentence) => {
    mkdirSync(join(work, 'folder.png'), { recursive: true });
    cpSync(tiny, join(work, 'broken'), { recursive: true });
    const config = join(work, 'broken', 'text_encoder', 'config.json');
    writeFileSync(config, readFileSync(config, 'utf8').replace('"silu"', '"gelu"'));
    const { code, err } = await inkstone(...args);
    expect(code).toBe(1);
    expect(err.trim().split('\n')).toEqual([expect.stringContaining(sentence)]);
  });
});
