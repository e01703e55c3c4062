import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { diffusers, factorsOf, tensorsOf } from '../checkpoint/lora-files.js';
import { writeTensors } from '../compiler/files.js';
import { openFolder } from './tiny.js';

const { folder, inkstone } = openFolder();
const bytesOf = (file: string) => readFileSync(join(folder, file));
const pixelsOf = (image: Buffer) => sharp(image).removeAlpha().raw().toBuffer();
const there = (...files: string[]) => files.map((file) => existsSync(join(folder, file)));

describe('several images', () => {
  it('of one prompt are numbered, and their seeds count up', async () => {
    const { code, out } = await inkstone(['generate', 'a cat', '--count', '2', '--seed', '7', '--out', 'cat.png']);
    expect(code).toBe(0);
    expect(out).toMatch(/^cat-1\.png: 64×64, seed 7, .*\ncat-2\.png: 64×64, seed 8, .*\n$/);
    expect(there('cat.png', 'cat-1.png', 'cat-2.png')).toEqual([false, true, true]);
    await inkstone(['generate', 'a cat', '--seed', '8', '--out', 'eight.png']);
    expect(await pixelsOf(bytesOf('cat-2.png'))).toEqual(await pixelsOf(bytesOf('eight.png')));
  });

  it('may be more than one request is for', async () => {
    const { out } = await inkstone(['generate', 'a cat', '--count', '10', '--seed', '7', '--out', 'ten.webp']);
    const told = out.trim().split('\n');
    expect(told).toHaveLength(10);
    expect(told[0]).toMatch(/^ten-01\.webp: 64×64, seed 7, /);
    expect(told[9]).toMatch(/^ten-10\.webp: 64×64, seed 16, /);
  });

  it('are made of every line of standard input', async () => {
    const { code, out } = await inkstone(['generate', '-', '--seed', '7', '--out', 'line.png'], 'a cat\r\n\n  a dog\n');
    expect(code).toBe(0);
    expect(out).toMatch(/^line-1\.png: .*seed 7.*\nline-2\.png: .*seed 7.*\n$/);
    await inkstone(['generate', 'a dog', '--seed', '7', '--out', 'dog.png']);
    expect(bytesOf('line-2.png')).toEqual(bytesOf('dog.png'));
  });

  it('are also made of an image', async () => {
    await inkstone(['generate', 'a cat', '--seed', '7', '--out', 'source.png']);
    const strong = ['--strength', '0.9', '--seed', '7', '--count', '2'];
    const edited = await inkstone(['edit', 'source.png', '-', ...strong, '--out', 'e.png'], 'a dog\na fox');
    expect(edited.out.match(/seed \d+/g)).toEqual(['seed 7', 'seed 8', 'seed 7', 'seed 8']);
    const region = ['--region', '0,0,32,32', '--count', '2', '--seed', '7'];
    const refined = await inkstone(['refine', 'source.png', ...region, '--out', 'r.png']);
    expect(refined.out.match(/seed \d+/g)).toEqual(['seed 7', 'seed 8']);
    expect(bytesOf('r-1.png').equals(bytesOf('r-2.png'))).toBe(false);
  });
});

describe('a pipe', () => {
  it('carries the bytes of a PNG, and the words go to standard error', async () => {
    const made = await inkstone(['generate', 'a cat', '--seed', '7', '--out', '-']);
    expect(made.code).toBe(0);
    expect(await sharp(made.bytes).metadata()).toMatchObject({ format: 'png', width: 64, height: 64 });
    expect(made.err).toMatch(/^-: 64×64, seed 7, \d+\.\d s\n$/);

    const args = ['edit', '-', 'a dog', '--strength', '0.9', '--seed', '1', '--out', '-'];
    const edited = await inkstone(args, made.bytes);
    expect(await sharp(edited.bytes).metadata()).toMatchObject({ format: 'png', width: 64 });
    expect(edited.bytes.equals(made.bytes)).toBe(false);
    const refined = await inkstone(['refine', '-', '--region', '0,0,32,32', '--out', 'refined.png'], edited.bytes);
    expect([refined.code, there('refined.png')]).toEqual([0, [true]]);
  });

  it('carries several one after another', async () => {
    const { bytes } = await inkstone(['generate', 'a cat', '--count', '2', '--seed', '7', '--out', '-']);
    const second = bytes.indexOf('\x89PNG', 1, 'latin1');
    expect(second).toBeGreaterThan(0);
    for (const png of [bytes.subarray(0, second), bytes.subarray(second)])
      expect(await sharp(png).metadata()).toMatchObject({ format: 'png' });
  });
});

describe('--json', () => {
  it('tells in one line for a prompt what was made, and with what', async () => {
    const args = ['generate', 'a cat', '--count', '2', '--seed', '7', '--json', '--out', 'j.png'];
    const { out } = await inkstone(args);
    expect(out.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(out)).toMatchObject({
      ...{ operation: 'GENERATE', model: 'tiny', prompt: 'a cat', width: 64, height: 64, seed: 7, steps: 4, loras: [] },
      images: [
        { file: 'j-1.png', seed: 7, id: expect.stringMatching(/^[0-9a-f]{64}$/) },
        { file: 'j-2.png', seed: 8 },
      ],
      durationMs: expect.any(Number),
    });
  });

  it('does not disturb the bytes of an image', async () => {
    const { bytes, err } = await inkstone(['generate', 'a cat', '--json', '--out', '-']);
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'png' });
    expect(JSON.parse(err)).toMatchObject({ prompt: 'a cat', images: [{ file: null }] });
  });
});

describe('a LoRA that is a file', () => {
  writeTensors(join(folder, 'ink: wash.safetensors'), tensorsOf(factorsOf(2), diffusers));
  const generate = (out: string, ...rest: string[]) =>
    inkstone(['generate', 'a cat', '--seed', '7', '--json', '--out', out, ...rest]);

  it('is added with its weight, and the image says so', async () => {
    await generate('plain.png');
    const whole = await generate('whole.png', '--lora', 'ink: wash.safetensors');
    expect(JSON.parse(whole.out).loras).toEqual([expect.objectContaining({ weight: 1 })]);
    const half = await generate('half.png', '--lora', './ink: wash.safetensors:0.5', '--model', 'tiny');
    expect(JSON.parse(half.out).loras).toEqual([expect.objectContaining({ weight: 0.5 })]);
    const pixels = await Promise.all(['plain.png', 'whole.png', 'half.png'].map((file) => pixelsOf(bytesOf(file))));
    expect(new Set(pixels.map((data) => data.toString('base64'))).size).toBe(3);
  });

  it('that fits no model, or is not there, is refused in a sentence', async () => {
    const elsewhere = { ...diffusers, layer: (name: string) => `transformer.elsewhere.${name}` };
    writeTensors(join(folder, 'foreign.safetensors'), tensorsOf(factorsOf(2), elsewhere));
    const foreign = await generate('no.png', '--lora', 'foreign.safetensors:0.5');
    expect([foreign.code, foreign.err.trim().split('\n')]).toEqual([
      1,
      [expect.stringContaining('foreign.safetensors')],
    ]);
    const absent = await generate('no.png', '--lora', 'loras/none.safetensors:0.5');
    expect([absent.code, absent.err]).toEqual([
      2,
      "Expected --lora to be a LoRA's id or file but received loras/none.safetensors, which is not there.\n",
    ]);
  });
});
