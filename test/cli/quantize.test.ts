import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { describeComponent } from '../../src/checkpoint/index.js';
import { Weights } from '../engine/checkpoints.js';
import { runProgram } from '../program.js';

const root = join(import.meta.dirname, '..', '..');
const tiny = join(root, 'test', 'parity', 'fixtures', 'checkpoints', 'tiny-turbo');
const WEIGHTS = 'diffusion_pytorch_model.safetensors';
const work = mkdtempSync(join(tmpdir(), 'inkstone-quantize-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const inkstone = (...args: string[]) => runProgram(args, { cwd: work });

const decibels = (out: string) => /PSNR median (\S+) dB, worst (\S+) dB/.exec(out)!.slice(1).map(Number);

describe('inkstone quantize', () => {
  it('writes a folder that draws like any other, and measures what was lost', async () => {
    const out = join(work, 'tiny-8');
    const { code, out: said, err } = await inkstone('quantize', tiny, '--bits', '8', '--out', out, '--size', '64x64');
    expect([code, err]).toEqual([0, '']);
    for (const part of ['Original', 'Quantised', 's an image']) expect(said).toContain(part);
    const [median, worst] = decibels(said);
    expect(median).toBeGreaterThanOrEqual(worst!);
    expect(worst).toBeGreaterThan(30);
    const transformer = JSON.parse(readFileSync(join(out, 'transformer', 'config.json'), 'utf8'));
    expect(transformer.quantization_config).toEqual({ quant_method: 'inkstone', bits: 8, block_size: 32 });
    expect(describeComponent(join(out, 'transformer')).types).toContain('U8');
    expect(readdirSync(out).sort()).toEqual(readdirSync(tiny).sort());
    const image = join(work, 'image.png');
    const drawn = await inkstone(
      'generate',
      'a red house',
      '--model',
      'tiny-8',
      '--size',
      '64x64',
      '--seed',
      '7',
      '--out',
      image,
      '--checkpoint',
      out,
    );
    expect([drawn.code, existsSync(image)]).toEqual([0, true]);
  });

  it('follows links, and takes 4 bits in blocks of another size', async () => {
    const linked = join(work, 'linked');
    mkdirSync(linked);
    for (const name of readdirSync(tiny)) symlinkSync(join(tiny, name), join(linked, name));
    const out = join(work, 'tiny-4');
    const four = ['--bits', '4', '--block', '64', '--out', out];
    const { code, out: told } = await inkstone('quantize', linked, ...four, '--no-compare', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(told)).toMatchObject({ folder: out, bits: 4, block: 64, loss: null });
    expect(JSON.parse(told).bytes).toBeLessThan(JSON.parse(told).bytesBefore);
    expect(readFileSync(join(out, 'vae', 'config.json'))).toEqual(readFileSync(join(tiny, 'vae', 'config.json')));
    // A small model is mostly what stays: embedders, padding tokens, biases.
    const bytes = (folder: string) => describeComponent(join(folder, 'transformer')).bytes;
    expect(bytes(out)).toBeLessThan(0.75 * bytes(tiny));
  });

  it('refuses what it cannot do in one sentence, and leaves nothing behind', async () => {
    const out = join(work, 'nothing');
    const cases: [string[], string][] = [
      [['quantize', tiny, '--bits', '5', '--out', out], '--bits to be 8 or 4 but received 5'],
      [['quantize', tiny, '--block', '48', '--out', out], '--block to be 32 or 64 or 128 but received 48'],
      [['quantize', tiny, '--size', '100', '--out', out], '--size to be like 256x384 but received 100'],
      [
        ['quantize', tiny, '--size', '64x72', '--out', out],
        '--size to be multiples of 16 from 64 to 2048 but received 72',
      ],
      [
        ['quantize', tiny, '--size', '0x64', '--out', out],
        '--size to be multiples of 16 from 64 to 2048 but received 0',
      ],
      [['quantize', 'nobody', '--out', out], 'inkling-base but received nobody'],
      [['quantize', tiny, '--out', work], 'not there yet'],
    ];
    for (const [args, complaint] of cases) {
      const { code, err } = await inkstone(...args);
      expect(code).toBe(2);
      expect(err).toContain(complaint);
      expect(err.trim().split('\n')).toHaveLength(1);
    }
    const broken = join(work, 'broken');
    mkdirSync(broken);
    for (const name of readdirSync(tiny)) symlinkSync(join(tiny, name), join(broken, name));
    rmSync(join(broken, 'transformer'));
    mkdirSync(join(broken, 'transformer'));
    const before = readdirSync(work);
    const { code, err } = await inkstone('quantize', broken, '--out', out);
    expect(code).toBe(1);
    expect(err).toContain(join(broken, 'transformer', 'config.json'));
    expect(readdirSync(work)).toEqual(before);
  });

  it.each([
    ['a part that is not quantised', (folder: string) => truncateSync(join(folder, 'vae', WEIGHTS), 3000), WEIGHTS],
    [
      'a weight that is no number',
      (folder: string) => {
        const weights = new Weights(join(folder, 'transformer', WEIGHTS));
        weights.poison('layers.0.attention.to_q.weight', Number.NaN);
        weights.save();
      },
      '"layers.0.attention.to_q.weight" to hold finite numbers',
    ],
  ])('refuses %s, and leaves nothing behind', async (_what, spoil, complaint) => {
    const folder = join(mkdtempSync(join(work, 'spoilt-')), 'tiny');
    cpSync(tiny, folder, { recursive: true });
    spoil(folder);
    const before = readdirSync(work);
    const { code, err } = await inkstone('quantize', folder, '--out', join(work, 'nothing'), '--no-compare');
    expect(code).toBe(1);
    expect(err.trim().split('\n')).toEqual([expect.stringContaining(complaint)]);
    expect(readdirSync(work)).toEqual(before);
  });

  it('keeps images of the embedded model within 45 dB with 8 bits', { timeout: 300_000 }, async () => {
    const { code, out } = await inkstone('quantize', 'inkling-turbo', '--out', join(work, 'inkling-8'));
    expect(code).toBe(0);
    const [, worst] = decibels(out);
    expect(worst).toBeGreaterThanOrEqual(45);
  });
});
