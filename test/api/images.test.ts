import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { house, openServer, operation, origin, type TestServer } from './server.js';

let server: TestServer;
let address: string;
beforeAll(async () => {
  server = await openServer();
  const { generate } = await server.ask<{ generate: { images: { url: string }[] } }>(
    'mutation($i: GenerateInput!) { generate(input: $i, waitMs: 60000) { ... on Generation { images { url } } } }',
    { i: house },
  );
  address = generate.images[0]!.url;
});
afterAll(() => server.close());

const get = (url: string, headers: Record<string, string> = {}, method = 'GET') =>
  server.fetch(new Request(url, { method, headers }));
const bytes = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe('an image', () => {
  it('is immutable, and says so to every cache', async () => {
    const { status, headers } = await get(`${address}.png`);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/);
    expect(headers.get('content-type')).toBe('image/png');
    expect(headers.get('vary')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('comes as WebP where that is accepted, and varies by it', async () => {
    const { headers } = await get(address, { accept: 'image/avif,image/webp,*/*;q=0.8' });
    expect([headers.get('content-type'), headers.get('vary')]).toEqual(['image/webp', 'Accept']);
    const plain = await get(address, { accept: 'image/png' });
    expect([plain.headers.get('content-type'), plain.headers.get('vary')]).toEqual(['image/png', 'Accept']);
  });

  it.each([
    ['.png', 'png'],
    ['.jpg', 'jpeg'],
    ['.webp', 'webp'],
    ['.avif', 'heif'],
  ])('is a real image with the extension %s, cut to both sides', async (extension, format) => {
    const response = await get(`${address}${extension}?w=48&h=32&q=60`);
    expect(await sharp(await bytes(response)).metadata()).toMatchObject({ format, width: 48, height: 32 });
  });

  it('is never enlarged', async () => {
    expect(await sharp(await bytes(await get(`${address}.png?w=4000`))).metadata()).toMatchObject({
      width: 64,
      height: 64,
    });
  });

  it('keeps its headers on 304', async () => {
    const first = await get(`${address}?w=32`, { accept: 'image/webp' });
    const again = await get(`${address}?w=32`, {
      accept: 'image/webp',
      'if-none-match': `"other", ${first.headers.get('etag')}`,
    });
    expect(again.status).toBe(304);
    for (const name of ['etag', 'cache-control', 'vary']) expect(again.headers.get(name)).toBe(first.headers.get(name));
    expect(await again.text()).toBe('');
  });

  it('answers HEAD with the headers of GET', async () => {
    const head = await get(`${address}.png`, {}, 'HEAD');
    expect(Number(head.headers.get('content-length'))).toBe((await bytes(await get(`${address}.png`))).length);
    expect(await head.text()).toBe('');
  });

  it.each([
    ['a side of nothing', '.png?w=0', 400, 'width'],
    ['a side that is no number', '.png?h=ten', 400, '`h`'],
    ['a quality beyond 100', '.jpg?q=101', 400, 'quality'],
    ['an unknown hash', null, 404, 'no such image'],
    ['a path out of the folder', '/../../secret', 404, ''],
  ])('refuses %s, and nobody keeps the refusal', async (_name, suffix, status, says) => {
    const response = await get(suffix === null ? `${origin}/images/${'0'.repeat(64)}` : `${address}${suffix}`);
    expect(response.status).toBe(status);
    if (says !== '') {
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(await response.text()).toContain(says);
    }
  });

  it('that was evicted is gone, and nobody keeps that', async () => {
    const small = await openServer({ env: { IMAGE_STORE_BYTES: '1' } });
    try {
      const { generate } = await small.ask<{ generate: { images: { url: string }[] } }>(operation('generate'), {
        input: house,
      });
      const other = await small.ask<{ generate: { images: { url: string }[] } }>(operation('generate'), {
        input: { ...house, seed: 8 },
      });
      const gone = await small.fetch(new Request(generate.images[0]!.url ?? other.generate.images[0]!.url));
      expect([gone.status, gone.headers.get('cache-control')]).toEqual([410, 'no-store']);
    } finally {
      await small.close();
    }
  });
});
