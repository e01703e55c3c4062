import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { unguided } from '../../src/domain/sampling.js';
import { encodeMaster } from '../../src/images/master.js';
import type { Recipe } from '../../src/images/recipe.js';
import { encodeVariant } from '../../src/images/variant.js';
import { recipeOf } from './recipe-of.js';

const sampling = { ...unguided, steps: 28, guidance: 3, loras: [{ id: 'ink', weight: 0.5 }] };
const recipe = recipeOf({ seed: 4_294_967_295, model: 'inkling-base', sampling });
const saying = (text: string, negative = ''): Recipe => recipeOf({ ...recipe.image, prompt: { text, negative } });
const change = {
  operation: 'REFINE',
  regionDetector: '',
  strength: 0.3,
  source: 'a'.repeat(64),
  mask: null,
  regions: Array.from({ length: 32 }, (_, i) => ({ x: i, y: i, width: 1024, height: 1024 })),
} as const;
const changed = (written: Recipe): Recipe => ({ ...written, image: { ...written.image, ...change } });
const size = { width: 96, height: 64 };
const pixels = { ...size, data: new Uint8Array(96 * 64 * 3).fill(90) };
/** The longest that a prompt may be, in bytes. */
const longest = 32 * 1024;

async function variantXmp(written: Recipe, format: 'PNG' | 'JPEG' | 'WEBP' | 'AVIF', width: number | null) {
  const { png } = await encodeMaster(pixels, written);
  const body = await encodeVariant(png, size, { width, height: null, quality: null, format });
  return (await sharp(body).metadata()).xmp?.toString() ?? 'none';
}
const field = (xmp: string, name: string) => new RegExp(`<inkstone:${name}>([^<]*)<`).exec(xmp)?.[1];

describe('an image whose words are too long for its container', () => {
  it.each(
    [
      ['quotes', '"'.repeat(longest)],
      ['words', ' watermelon'.repeat(2900)],
      ['Chinese', '西瓜'.repeat(5400)],
      ['emoji', '🍉'.repeat(8000)],
      ['one letter less than an escape', `${'a'.repeat(11)}${'&'.repeat(10_000)}`],
    ].flatMap(([name = '', words = '']) => [
      [name, saying(words)] as const,
      [`an image and ${name} not to draw`, saying(words, words)] as const,
      [`changed with ${name}`, changed(saying(words, words))] as const,
    ]),
  )('as JPEG keeps the mark and every number: %s', async (_name, written) => {
    for (const width of [null, 32]) {
      const xmp = await variantXmp(written, 'JPEG', width);
      expect(xmp).toMatch(/digitalsourcetype\/(trained|compositeWithTrained)AlgorithmicMedia</);
      const names = ['Seed', 'Model', 'Fingerprint', 'Steps', 'Guidance', 'Loras', 'Width'];
      expect(names.map((name) => field(xmp, name))).toEqual([
        '4294967295',
        'inkling-base',
        recipe.fingerprint,
        '28',
        '3',
        'ink:0.5',
        '96',
      ]);
      if (written.image.operation === 'REFINE') expect(field(xmp, 'Source')).toBe(change.source);
    }
  });

  it('says which words were shortened, in whole characters and whole escapes, and keeps the others', async () => {
    const written = saying(`🍉${'"&<>\''.repeat(6000)}`, 'blurry');
    const xmp = await variantXmp(written, 'JPEG', null);
    expect(field(xmp, 'Shortened')).toBe('Prompt');
    expect(field(xmp, 'NegativePrompt')).toBe('blurry');
    const prompt = field(xmp, 'Prompt')!;
    expect(prompt).toMatch(/^🍉(&(amp|lt|gt|quot|apos);)+…$/);
    expect(prompt.length).toBeGreaterThan(40_000);
  });

  it('shares the room between what to draw and what not to draw', async () => {
    const written = saying('p'.repeat(longest), '"'.repeat(longest));
    const xmp = await variantXmp(written, 'JPEG', null);
    expect(field(xmp, 'Shortened')).toBe('Prompt, NegativePrompt');
    for (const name of ['Prompt', 'NegativePrompt']) expect(field(xmp, name)!.length).toBeGreaterThan(25_000);
  });

  it.each(['PNG', 'WEBP', 'AVIF'] as const)('as %s, which has room, keeps every word', async (format) => {
    const words = '"'.repeat(longest);
    const xmp = await variantXmp(saying(words, words), format, 32);
    expect(field(xmp, 'Prompt')).toBe('&quot;'.repeat(longest));
    expect(field(xmp, 'Shortened')).toBeUndefined();
  });

  it('as JPEG is not shortened where it fits', async () => {
    const xmp = await variantXmp(saying('p'.repeat(20_000)), 'JPEG', null);
    expect(field(xmp, 'Prompt')).toBe('p'.repeat(20_000));
    expect(field(xmp, 'Shortened')).toBeUndefined();
  });
});

describe('XMP in a PNG', () => {
  const chunks = (png: Buffer) => {
    const found: { type: string; data: Buffer }[] = [];
    for (let at = 8; at < png.length; ) {
      const length = png.readUInt32BE(at);
      found.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
      at += 12 + length;
    }
    return found;
  };

  it.each([null, 32])('of width %s stands uncompressed in the one chunk that readers of XMP know', async (width) => {
    const { png } = await encodeMaster(pixels, recipe);
    const body = await encodeVariant(png, size, { width, height: null, quality: null, format: 'PNG' });
    const all = chunks(Buffer.from(body));
    const xmp = all.filter(({ data }) => data.includes('xmp'));
    expect(xmp.map(({ type }) => type)).toEqual(['iTXt']);
    expect(xmp[0]!.data.toString('utf8')).toMatch(/^XML:com\.adobe\.xmp\0\0\0\0\0<\?xpacket /);
    expect(all.map(({ type }) => type)).not.toContain('zTXt');
    expect(all.findIndex(({ type }) => type === 'iTXt')).toBeLessThan(all.findIndex(({ type }) => type === 'IDAT'));
  });
});
