import { crc32, deflateSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { type DecodeOptions, decodeImage, decodeMask, NotAnImage } from '../../src/images/decode.js';

const options: DecodeOptions = { maxPixels: 64_000_000, signal: new AbortController().signal };
const decode = (bytes: Uint8Array, changed: Partial<DecodeOptions> = {}) =>
  decodeImage(bytes, { ...options, ...changed });
/** Both halves of the refusal. */
const refusal = (bytes: Uint8Array, changed: Partial<DecodeOptions> = {}) =>
  decode(bytes, changed).then(
    ({ width, height }) => [`an image of ${width} × ${height}`],
    (error: unknown) => {
      if (!(error instanceof NotAnImage)) throw error;
      return [error.expected, error.received];
    },
  );

/** Left red, right green: 6 × 4. */
const flag = () =>
  sharp(Buffer.from(Array.from({ length: 24 }, (_, i) => (i % 6 < 3 ? [255, 0, 0] : [0, 255, 0])).flat()), {
    raw: { width: 6, height: 4, channels: 3 },
  });
const plain = (background: object, channels: 3 | 4 = 3) =>
  sharp({ create: { width: 8, height: 8, channels, background } });
const pixel = ({ width, data }: { width: number; data: Uint8Array }, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];
/** Lossy formats and colour profiles are not exact. */
const near = (actual: readonly number[], expected: readonly number[], within = 12) =>
  expect(Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!))), `${actual}`).toBeLessThanOrEqual(
    within,
  );

describe('an image comes in', () => {
  it.each([
    ['PNG', () => flag().png()],
    ['PNG with a palette', () => flag().png({ palette: true })],
    ['interlaced PNG', () => flag().png({ progressive: true })],
    ['JPEG', () => flag().jpeg({ quality: 100, chromaSubsampling: '4:4:4' })],
    ['progressive JPEG', () => flag().jpeg({ quality: 100, chromaSubsampling: '4:4:4', progressive: true })],
    ['lossless WebP', () => flag().webp({ lossless: true })],
    ['AVIF', () => flag().avif({ quality: 95, chromaSubsampling: '4:4:4' })],
    ['GIF', () => flag().gif()],
  ])('as %s', async (_name, encode) => {
    const image = await decode(await encode().toBuffer());
    expect([image.width, image.height, image.data.length]).toEqual([6, 4, 6 * 4 * 3]);
    near(pixel(image, 0, 0), [255, 0, 0], 30);
    near(pixel(image, 5, 3), [0, 255, 0], 30);
  });

  it('upright, whatever way its camera was held', async () => {
    const image = await decode(await flag().png().withMetadata({ orientation: 6 }).toBuffer());
    expect([image.width, image.height]).toEqual([4, 6]);
    expect([pixel(image, 0, 0), pixel(image, 3, 5)]).toEqual([
      [255, 0, 0],
      [0, 255, 0],
    ]);
  });

  it('in sRGB, from the colour profile that it brings', async () => {
    // The most saturated green of Display P3 lies outside of sRGB; a green inside of both has other numbers in each.
    const p3 = await plain({ r: 100, g: 180, b: 90 }).withIccProfile('p3').png().toBuffer();
    const raw = await sharp(p3).metadata();
    expect(raw.hasProfile).toBe(true);
    near(pixel(await decode(p3), 4, 4), [100, 180, 90], 3);
  });

  it('from print colours', async () => {
    const cmyk = await plain({ r: 200, g: 40, b: 40 }).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe('cmyk');
    near(pixel(await decode(cmyk), 4, 4), [200, 40, 40], 40);
  });

  it('from 16 bits', async () => {
    const deep = await plain({ r: 200, g: 40, b: 90 }).toColourspace('rgb16').png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe('ushort');
    expect(pixel(await decode(deep), 4, 4)).toEqual([200, 40, 90]);
  });

  it('from grey, with and without 16 bits and transparency', async () => {
    const grey = plain({ r: 120, g: 120, b: 120, alpha: 0 }, 4).toColourspace('grey16').png();
    expect(pixel(await decode(await grey.toBuffer()), 1, 1)).toEqual([255, 255, 255]);
    const opaque = plain({ r: 120, g: 120, b: 120 }).toColourspace('b-w').png();
    expect(pixel(await decode(await opaque.toBuffer()), 1, 1)).toEqual([120, 120, 120]);
  });

  it('on white where it is transparent', async () => {
    const half = await plain({ r: 0, g: 0, b: 0, alpha: 0.5 }, 4).png().toBuffer();
    near(pixel(await decode(half), 4, 4), [127, 127, 127], 1);
    const none = await plain({ r: 255, g: 0, b: 0, alpha: 0 }, 4).webp({ lossless: true }).toBuffer();
    expect(pixel(await decode(none), 4, 4)).toEqual([255, 255, 255]);
  });

  it('as the first of its frames', async () => {
    const frames = Buffer.concat([Buffer.alloc(8 * 8 * 3, 255), Buffer.alloc(8 * 8 * 3, 0)]);
    const film = sharp(frames, { raw: { width: 8, height: 16, channels: 3, pageHeight: 8 } });
    for (const bytes of [await film.clone().gif().toBuffer(), await film.clone().webp({ lossless: true }).toBuffer()]) {
      expect((await sharp(bytes).metadata()).pages).toBe(2);
      const { width, height, data } = await decode(bytes);
      expect([width, height, new Set(data)]).toEqual([8, 8, new Set([255])]);
    }
  });
});

describe('a mask comes in', () => {
  it('as lightness, black where it is transparent', async () => {
    const clear = await plain({ r: 255, g: 255, b: 255, alpha: 0 }, 4).png().toBuffer();
    expect(new Set((await decodeMask(clear, options)).data)).toEqual(new Set([0]));
    const grey = await plain({ r: 128, g: 128, b: 128 }).png().toBuffer();
    const { width, height, data } = await decodeMask(grey, options);
    expect([width, height, data.length, new Set(data)]).toEqual([8, 8, 64, new Set([128])]);
  });
});

describe('what is refused', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><image href="/etc/hostname"/></svg>';
  it.each([
    ['SVG', svg, 'SVG or other markup'],
    ['SVG behind its declaration', `\uFEFF <?xml version="1.0"?>${svg}`, 'SVG or other markup'],
    ['PDF', '%PDF-1.7\n', 'PDF'],
    ['TIFF', 'II*\0\x08\0\0\0', 'TIFF'],
    ['BMP', 'BM\0\0\0\0', 'BMP'],
    ['nothing', '', 'an empty file'],
    ['words', 'this is no image', 'something else'],
  ])('%s', async (_name, text, received) => {
    expect(await refusal(Buffer.from(text))).toEqual(['an image in PNG, JPEG, WebP, AVIF or GIF', received]);
  });

  it('TIFF, HEIF and gzip, though libvips or a browser might read them', async () => {
    const heif = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1');
    expect((await refusal(heif))[1]).toBe('HEIF');
    expect((await refusal(gzipSync(await flag().png().toBuffer())))[1]).toBe('a gzip file');
  });

  it('a file that is one format in front and another behind is only ever read as the one in front', async () => {
    const polyglot = Buffer.concat([Buffer.from('GIF89a'), Buffer.from(svg)]);
    expect(await refusal(polyglot)).toEqual(['a whole image', 'GIF that is damaged or cut short']);
    const trailing = Buffer.concat([await flag().png().toBuffer(), Buffer.from(svg)]);
    expect((await decode(trailing)).width).toBe(6);
  });

  it.each([
    ['PNG', () => noise().png()],
    ['JPEG', () => noise().jpeg()],
    ['progressive JPEG', () => noise().jpeg({ progressive: true })],
    ['WebP', () => noise().webp()],
    ['AVIF', () => noise().avif()],
    ['GIF', () => noise().gif()],
  ])('%s that is cut short', async (_name, encode) => {
    const whole = await encode().toBuffer();
    expect((await decode(whole)).width).toBe(64);
    for (const kept of [0.98, 0.5, 0.05])
      expect((await refusal(whole.subarray(0, Math.floor(whole.length * kept))))[0], `${kept}`).toBe('a whole image');
  });

  it('a damaged PNG', async () => {
    const bytes = Buffer.from(await noise().png().toBuffer());
    bytes[Math.floor(bytes.length / 2)]! ^= 0xff;
    expect((await refusal(bytes))[0]).toBe('a whole image');
  });

  it('a giant canvas in a small file, before there is memory for it', async () => {
    const bomb = pngOf(30_000, 30_000);
    expect(bomb.length).toBeLessThan(3_000_000);
    const before = process.memoryUsage().rss;
    expect(await refusal(bomb)).toEqual(['an image of at most 64000000 pixels', '30000 × 30000']);
    const gif = Buffer.from(
      'GIF89a\x20\x4E\x20\x4E\x80\0\0\0\0\0\xFF\xFF\xFF,\0\0\0\0\x20\x4E\x20\x4E\0\x02\x02D\x01\0;',
      'latin1',
    );
    expect(await refusal(gif)).toEqual(['an image of at most 64000000 pixels', '20000 × 20000']);
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 ** 2);
  });

  it('more pixels than the setting allows, and not one fewer', async () => {
    const bytes = await flag().png().toBuffer();
    expect(await refusal(bytes, { maxPixels: 23 })).toEqual(['an image of at most 23 pixels', '6 × 4']);
    expect((await decode(bytes, { maxPixels: 24 })).width).toBe(6);
  });

  it('a caller who has left', async () => {
    const gone = AbortSignal.abort(new Error('gone'));
    await expect(decode(await flag().png().toBuffer(), { signal: gone })).rejects.toThrow('gone');
  });
});

function noise() {
  const data = Buffer.from(Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * i * 31 + i * 7919) % 251));
  return sharp(data, { raw: { width: 64, height: 64, channels: 3 } });
}

/** A valid grey PNG with one bit a pixel, all black. */
function pngOf(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + Math.ceil(width / 8)));
  const chunk = (type: string, data: Buffer) => {
    const named = Buffer.concat([Buffer.from(type), data]);
    const framed = Buffer.alloc(8 + named.length);
    framed.writeUInt32BE(data.length, 0);
    named.copy(framed, 4);
    framed.writeUInt32BE(crc32(named), 4 + named.length);
    return framed;
  };
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1A\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('an image that is larger than what is asked for', () => {
  const photo = () =>
    sharp({ create: { width: 2000, height: 1000, channels: 3, background: 'teal' } }).composite([
      { input: { create: { width: 1000, height: 1000, channels: 3, background: 'orange' } }, left: 0, top: 0 },
    ]);
  const half = ({ width, height }: { width: number; height: number }) => ({ width: width / 4, height: height / 4 });

  it.each([
    ['JPEG', () => photo().jpeg({ quality: 95 })],
    ['WebP', () => photo().webp({ quality: 95 })],
    ['PNG', () => photo().png()],
    ['AVIF', () => photo().avif({ quality: 90, effort: 0 })],
  ])('is decoded in its smaller size: %s', async (_name, encode) => {
    const image = await decode(await encode().toBuffer(), { sizeFor: half });
    expect([image.width, image.height, image.data.length]).toEqual([500, 250, 500 * 250 * 3]);
    near(pixel(image, 10, 125), [255, 165, 0], 12);
    near(pixel(image, 490, 125), [0, 128, 128], 12);
  });

  it('is told its size upright, and comes upright', async () => {
    const sideways = await photo().jpeg().withMetadata({ orientation: 6 }).toBuffer();
    const told: object[] = [];
    const image = await decode(sideways, {
      sizeFor: (own) => {
        told.push(own);
        return half(own);
      },
    });
    expect([told, image.width, image.height]).toEqual([[{ width: 1000, height: 2000 }], 250, 500]);
    near(pixel(image, 125, 10), [255, 165, 0], 12);
  });

  it('is refused by its size before it is decoded, and asked for room by the size that it will have', async () => {
    const cut = (await photo().png().toBuffer()).subarray(0, 200);
    const refuse = () => {
      throw new Error('too large');
    };
    await expect(decode(cut, { sizeFor: refuse })).rejects.toThrow('too large');
    const asked: number[] = [];
    await decode(await photo().png().toBuffer(), {
      sizeFor: half,
      enter: async (pixels) => void asked.push(pixels),
    });
    expect(asked).toEqual([125_000]);
  });
});
