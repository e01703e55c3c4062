import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openFolder, tiny } from './tiny.js';

const { folder, inkstone } = openFolder();
mkdirSync(join(folder, 'folder.png'));
cpSync(tiny, join(folder, 'broken'), { recursive: true });
const config = join(folder, 'broken', 'text_encoder', 'config.json');
writeFileSync(config, readFileSync(config, 'utf8').replace('"silu"', '"gelu"'));

const out = ['--out', 'x.png'];
const none = '';

describe('wrong usage ends with 2 and one sentence', () => {
  it.each<[string[], string, string?]>([
    [['edit', 'nothing.png', 'a cat', ...out], 'Expected <image> to be a file or an address but received nothing.png'],
    [['edit', 'folder.png', 'a cat', ...out], 'Expected <image> to be a file or an address but received folder.png'],
    [['edit', 'catalog.json', 'a cat', '--strength', '0.5', ...out], 'Expected `image.upload` to be'],
    [
      ['edit', 'catalog.json', 'a cat', '--strength', 'x', ...out],
      'Expected --strength to be a number but received x.',
    ],
    [['edit', 'catalog.json', 'make it blue', ...out], 'one that can EDIT by INSTRUCTION but received none'],
    [['edit', '-', '-', ...out], 'Expected "-" in one place but received it for <words> and for <image>.', 'a dog'],
    [
      ['refine', 'catalog.json', '--region', '1,2', ...out],
      'Expected --region to be like 10,20,64,48 but received 1,2.',
    ],
    [['generate', 'a cat', '--lora', 'ink:0.8', ...out], 'left out, as tiny has none, but received "ink".'],
    [['generate', '--lora', 'ink', 'a cat', ...out], 'but received "ink".'],
    [
      ['generate', 'a cat', '--lora', 'ink ink', ...out],
      'Expected --lora to be like style-ink:0.8 but received ink ink.',
    ],
    [['generate', 'a cat', '--lora', 'ink:much', ...out], 'Expected --lora to be a number but received much.'],
    [
      ['generate', 'a cat', '--count', '0', ...out],
      'Expected --count to be a whole number from 1 to 1000 but received 0.',
    ],
    [['generate', 'a cat', '--count', 'two', ...out], 'but received two.'],
    [['generate', 'a cat', '--size', '100', ...out], 'Expected --size to be like 256x384 but received 100.'],
    [['generate', 'a cat', '--size', '100x100', ...out], 'a multiple of 16 between 64 and 512 but received 100'],
    [['generate', 'a cat', '--model', 'huge', ...out], 'one of tiny but received "huge".'],
    [['generate', '-', ...out], 'Expected <prompt> on standard input, one a line, but received none.', ' \n\n'],
    [['generate', 'a cat', '--out', 'x.gif'], 'to end in .png, .jpg, .webp or .avif, or to be -, but received x.gif.'],
    [['generate', 'a cat', '--out', 'nowhere/x.png'], 'received nowhere/x.png.'],
    [['generate', 'a cat', '--out', 'folder.png'], 'received folder.png.'],
    [['generate', 'a cat'], "required option '--out <file>' not specified"],
    [['generate', ...out], "missing required argument 'prompt'"],
    [['generate', 'a cat', 'a dog', ...out], 'too many arguments'],
    [['generate', 'a cat', '--colour', 'red', ...out], "unknown option '--colour'"],
    [['generate', 'a cat', '--dynamic-guidance', '--guidance', '2', ...out], 'cannot be used with'],
    [['quantize', 'tiny', '--bits', '5', '--out', 'y'], 'Expected --bits to be 8 or 4 but received 5.'],
    [['quantize', 'nobody', '--out', 'y'], 'but received nobody.'],
    [['doctor', 'me'], 'too many arguments'],
    [['serve', '--colour'], "unknown option '--colour'"],
    [['genrate', 'a cat'], 'Expected a command but received "genrate"'],
    [['--colour'], "unknown option '--colour'"],
  ])('%j', async (args, sentence, input = none) => {
    const { code, out, err } = await inkstone(args, input);
    expect(err.trim().split('\n')).toEqual([expect.stringContaining(sentence)]);
    expect({ code, out }).toEqual({ code: 2, out: '' });
  });
});

describe('what fails though it was used rightly ends with 1 and one sentence', () => {
  it.each<[string, string[], string]>([
    ['a model that is broken', ['--checkpoint', 'broken', 'generate', 'a cat', '--model', 'broken', ...out], 'gelu'],
    ['a checkpoint that is none', ['generate', 'a cat', '--checkpoint', 'folder.png', ...out], 'model_index.json'],
    ['a checkpoint to quantise that is none', ['quantize', 'folder.png', '--out', 'y'], 'model_index.json'],
  ])('%s', async (_what, args, sentence) => {
    const { code, err } = await inkstone(args);
    expect(err.trim().split('\n')).toEqual([expect.stringContaining(sentence)]);
    expect(code).toBe(1);
  });
});

describe('--help', () => {
  const drawing = ['--out', '--count', '--json', '--seed', '--steps', '--model', '--lora', '--checkpoint'];
  const guided = [...drawing, '--negative', '--guidance', '--dynamic-guidance', '--guidance-normalization'];

  it.each<[string, string[]]>([
    ['serve', ['--host', '--port', '--json', '--checkpoint', 'ACCESS_KEY', 'DATA_DIR', 'OTEL_EXPORTER_OTLP_ENDPOINT']],
    ['generate', [...guided, '--guidance-truncation', '--size', 'ENGINE_DEVICE']],
    ['edit', [...guided, '--guidance-truncation', '--mask', '--strength', '--reference', 'FETCH_IMAGES']],
    ['refine', [...drawing, '--prompt', '--strength', '--mask', '--region']],
    ['quantize', ['--out', '--bits', '--block', '--size', '--no-compare', '--json', '--checkpoint', 'ENGINE_MEMORY']],
    ['doctor', ['--json', '--checkpoint', 'MODELS_CATALOG', 'DATA_DIR']],
  ])('of %s lists all that it takes', async (command, all) => {
    const { code, out, err } = await inkstone([command, '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(all.filter((name) => !out.includes(name))).toEqual([]);
  });

  it('and --version end with 0', async () => {
    for (const option of ['--help', '--version']) expect((await inkstone([option])).code).toBe(0);
  });
});
