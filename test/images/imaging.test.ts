import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { unguided } from '../../src/domain/sampling.js';
import type { Pixels } from '../../src/engine/engine.js';
import { encodeMaster } from '../../src/images/master.js';
import { previewAddress } from '../../src/images/preview.js';
import { encodeVariant, targetSize } from '../../src/images/variant.js';
import { recipeOf } from './recipe-of.js';

const marker = 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia';
const recipe = recipeOf({
  ...{ prompt: { text: 'a “cat” & a <dog>, 青花瓷瓶\u0007', negative: "blurry, 'soft'" }, model: 'tiny', seed: 7 },
  ...{ sampling: { ...unguided, steps: 8, guidance: 3, loras: [] }, width: 96, height: 64 },
});

/** Red grows to the right, green to the bottom. */
function gradient(width: number, height: number): Pixels {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data[i * 3] = ((i % width) * 255) / width;
    data[i * 3 + 1] = (Math.floor(i / width) * 255) / height;
    data[i * 3 + 2] = 128;
  }
  return { width, height, data };
}

const pixels = gradient(96, 64);

describe('a master', () => {
  it('holds the pixels exactly, and is the same bytes for the same request', async () => {
    const [a, b] = [await encodeMaster(pixels, recipe), await encodeMaster(pixels, recipe)];
    expect(a.png.equals(b.png)).toBe(true);
    expect(await sharp(a.png).raw().toBuffer()).toEqual(Buffer.from(pixels.data));
  });

  it('differs when only the recipe does', async () => {
    const [a, b] = [await encodeMaster(pixels, recipe), await encodeMaster(pixels, { ...recipe, fingerprint: 'f2' })];
    expect(a.png.equals(b.png)).toBe(false);
  });

  it('has a thumbhash of about 25 bytes', async () => {
    const { thumbhash } = await encodeMaster(pixels, recipe);
    const { length } = Buffer.from(thumbhash, 'base64');
    expect(length).toBeGreaterThan(15);
    expect(length).toBeLessThan(30);
  });

  it.each([
    ['tEXt', recipeOf({ ...recipe.image, prompt: { text: 'a cat', negative: '' } }), 'a cat'],
    ['iTXt', recipe, '青花瓷瓶'],
    ['zero-free', recipeOf({ ...recipe.image, prompt: { text: 'a\0cat', negative: '' } }), 'a\uFFFDcat'],
  ])('has its recipe in a %s chunk for tools that read `parameters`', async (_, written, expected) => {
    const { comments } = await sharp((await encodeMaster(pixels, written)).png).metadata();
    const [comment] = comments!;
    expect(comment!.keyword).toBe('parameters');
    expect(comment!.text).toContain('Steps: 8, CFG scale: 4, Seed: 7, Size: 96x64, Model: tiny');
    expect(comment!.text).toContain(expected);
  });
});

describe('every variant', () => {
  const formats = ['PNG', 'JPEG', 'WEBP', 'AVIF'] as const;

  it.each(formats.flatMap((format) => [[format, null] as const, [format, 32] as const]))(
    'as %s with width %s carries the recipe and the mark of an image made by a machine',
    async (format, width) => {
      const { png } = await encodeMaster(pixels, recipe);
      const body = await encodeVariant(png, pixels, { width, height: null, quality: null, format });
      const metadata = await sharp(body).metadata();
      expect(metadata.format).toBe(format === 'AVIF' ? 'heif' : format.toLowerCase());
      expect(metadata.width).toBe(width ?? 96);
      const xmp = metadata.xmp!.toString();
      expect(xmp).toContain(`<Iptc4xmpExt:DigitalSourceType>${marker}</Iptc4xmpExt:DigitalSourceType>`);
      expect(xmp).toContain('<inkstone:Seed>7</inkstone:Seed>');
      expect(xmp).toContain('<inkstone:Fingerprint>ffff');
      expect(xmp).toContain('<inkstone:Prompt>a “cat” &amp; a &lt;dog&gt;, 青花瓷瓶\uFFFD</inkstone:Prompt>');
      expect(xmp).toContain('<inkstone:NegativePrompt>blurry, &apos;soft&apos;</inkstone:NegativePrompt>');
    },
  );

  it('as PNG in its own size is the master itself', async () => {
    const { png } = await encodeMaster(pixels, recipe);
    expect(await encodeVariant(png, pixels, { width: 96, height: null, quality: null, format: 'PNG' })).toBe(png);
  });

  it('is smaller at lower quality', async () => {
    const { png } = await encodeMaster(pixels, recipe);
    const sizes = await Promise.all(
      [90, 10].map(async (quality) => {
        const spec = { width: null, height: null, quality, format: 'JPEG' } as const;
        return (await encodeVariant(png, pixels, spec)).length;
      }),
    );
    expect(sizes[0]).toBeGreaterThan(sizes[1]!);
  });
});

describe('a size', () => {
  it.each([
    [
      { width: 48, height: null },
      { width: 48, height: 32 },
    ],
    [
      { width: null, height: 32 },
      { width: 48, height: 32 },
    ],
    [
      { width: null, height: null },
      { width: 96, height: 64 },
    ],
    [
      { width: 32, height: 32 },
      { width: 32, height: 32 },
    ],
    [
      { width: 1000, height: null },
      { width: 96, height: 64 },
    ],
    [
      { width: null, height: 1000 },
      { width: 96, height: 64 },
    ],
    [
      { width: 1000, height: 1000 },
      { width: 64, height: 64 },
    ],
    [
      { width: 384, height: 64 },
      { width: 96, height: 16 },
    ],
    [
      { width: 1, height: null },
      { width: 1, height: 1 },
    ],
  ])('%o is %o: one side keeps the ratio, two cover and crop, never enlarged', (asked, expected) => {
    expect(targetSize({ width: 96, height: 64 }, asked)).toEqual(expected);
  });

  it('that covers crops the middle', async () => {
    const { png } = await encodeMaster(pixels, recipe);
    const body = await encodeVariant(png, pixels, { width: 64, height: 64, quality: null, format: 'PNG' });
    const [red = 0] = await sharp(body).extract({ left: 0, top: 32, width: 1, height: 1 }).raw().toBuffer();
    expect(Math.abs(red - (16 * 255) / 96)).toBeLessThan(4);
  });
});

describe('a preview', () => {
  it('is a small WebP in a data: address', async () => {
    const address = await previewAddress(gradient(512, 256));
    const [head, data = ''] = address.split(',');
    expect(head).toBe('data:image/webp;base64');
    const metadata = await sharp(Buffer.from(data, 'base64')).metadata();
    expect([metadata.format, metadata.width, metadata.height]).toEqual(['webp', 256, 128]);
    expect(address.length).toBeLessThan(10_000);
  });
});
