import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type GenerateRecipe, type Recipe, sign } from '../../src/client/index.js';
import type { UseCases } from '../../src/generation/types.js';
import { tinyTurbo } from '../engine/checkpoints.js';
import { changed, openServer, origin, type TestServer } from './server.js';

const key = { id: 'site', secret: 'a secret of the site' };
const other = { id: 'other', secret: 'a secret of another site' };
const env = { RENDER_KEYS: `${key.id}:${key.secret},${other.id}:${other.secret}` };
const house: GenerateRecipe = {
  ...{ operation: 'generate', model: tinyTurbo().id, prompt: 'a red house', width: 96, height: 64 },
  ...{ steps: 2, guidance: 0, seed: 7 },
};

let server: TestServer;
let made = 0;
const counting = (service: UseCases) =>
  changed(service, {
    generate(caller, request, options) {
      if (request.cache !== 'ONLY') made++;
      return service.generate(caller, request, options);
    },
  });
beforeAll(async () => {
  server = await openServer({ env, wrap: counting });
});
afterAll(() => server.close());

const get = (path: string, headers: Record<string, string> = {}, method = 'GET', from = server) =>
  from.fetch(new Request(`${origin}${path}`, { method, headers }));
const address = (change: Partial<GenerateRecipe> = {}, options = {}) => sign({ ...house, ...change }, key, options);
const bytes = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe('a render address', () => {
  it('is answered with its image, which many first readers make once', async () => {
    const path = await address({ seed: 100 });
    const before = made;
    const responses = await Promise.all(Array.from({ length: 20 }, () => get(path, { accept: 'image/webp' })));
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
    expect(made - before).toBe(1);
    expect(await sharp(await bytes(responses[0]!)).metadata()).toMatchObject({ format: 'webp', width: 96, height: 64 });
  });

  it('has the pixels of the same request by GraphQL', async () => {
    const { generate } = await server.ask<{ generate: { images: { url: string }[] } }>(
      'mutation($i: GenerateInput!) { generate(input: $i, waitMs: 60000) { ... on Generation { images { url(format: PNG) } } } }',
      { i: { prompt: house.prompt, width: 96, height: 64, steps: 2, guidance: 0, seed: 7 } },
    );
    const graphql = await bytes(await server.fetch(new Request(generate.images[0]!.url)));
    expect(graphql.equals(await bytes(await get(await address({}, { extension: 'png' }))))).toBe(true);
  });

  it('says to caches how long, by what it is purged, and what it varies by', async () => {
    const { headers } = await get(await address(), { accept: 'image/avif,image/webp,*/*;q=0.8' });
    expect(headers.get('content-type')).toBe('image/avif');
    expect(headers.get('cache-control')).toBe(
      'public, max-age=86400, s-maxage=2592000, stale-while-revalidate=86400, stale-if-error=2592000',
    );
    expect(headers.get('vary')).toBe('Accept');
    expect(headers.get('cache-tag')).toMatch(/^image-[0-9a-f]{64},recipe-[\w-]{43},model-/);
    expect(headers.get('surrogate-key')).toBe(headers.get('cache-tag')?.replaceAll(',', ' '));
    const fixed = await get(await address({}, { extension: 'webp' }));
    expect([fixed.headers.get('content-type'), fixed.headers.get('vary')]).toEqual(['image/webp', null]);
  });

  it('that expires is kept no longer than it is valid, and never shown stale', async () => {
    const { headers } = await get(await address({}, { expires: new Date(Date.now() + 1000) }));
    const [, age] = /^public, max-age=(\d+), s-maxage=\1, must-revalidate$/.exec(headers.get('cache-control')!) ?? [];
    expect(Number(age)).toBeLessThanOrEqual(2 * 86_400);
  });

  it('is resized within the ladder; beyond it the nearest step is named', async () => {
    const path = await address({}, { extension: 'png' });
    expect(await sharp(await bytes(await get(`${path}?w=64&h=64`))).metadata()).toMatchObject({
      width: 64,
      height: 64,
    });
    const refused = await get(`${path}?w=100`);
    expect([refused.status, refused.headers.get('cache-control')]).toEqual([400, 'no-store']);
    expect(refused.headers.get('content-type')).toBe('application/problem+json');
    expect(await refused.json()).toMatchObject({ code: 'OUT_OF_RANGE', parameters: { field: 'width', nearest: 128 } });
    expect((await get(`${path}?x=1`)).status).toBe(400);
    expect((await get(`${path}?w=64&placeholder`)).status).toBe(400);
  });

  it('answers HEAD, Range and conditions as an image at rest does', async () => {
    const path = await address({}, { extension: 'png' });
    const whole = await get(path);
    const body = await bytes(whole);
    const head = await get(path, {}, 'HEAD');
    expect([head.headers.get('content-length'), await head.text()]).toEqual([String(body.length), '']);
    const part = await get(path, { range: 'bytes=10-19' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-19/${body.length}`]);
    expect((await bytes(part)).equals(body.subarray(10, 20))).toBe(true);
    expect((await bytes(await get(path, { range: 'bytes=-5' }))).equals(body.subarray(-5))).toBe(true);
    expect((await get(path, { range: `bytes=${body.length}-` })).status).toBe(416);
    expect((await get(path, { range: 'bytes=0-9', 'if-range': '"other"' })).status).toBe(200);
    const etag = whole.headers.get('etag')!;
    expect((await get(path, { 'if-none-match': etag })).status).toBe(304);
  });

  it.each<[string, (path: string) => string, number]>([
    ['signed by nobody', (path) => path.replace(/^(\/r\/site\/-\/).{22}/, `$1${'A'.repeat(22)}`), 403],
    ['signed by the key of another id', (path) => path.replace('/r/site/', '/r/other/'), 403],
    ['of another recipe', (path) => path.replace(/\.auto$/, 'AAAA.auto'), 403],
    ['of no form', () => '/r/site', 404],
    ['with an encoded slash', (path) => path.replace('/-/', '%2F-/'), 404],
  ])('%s is refused before anything is made', async (_, forge, status) => {
    const before = made;
    const response = await get(forge(await address({ seed: 200 })));
    expect([response.status, response.headers.get('cache-control')]).toEqual([status, 'no-store']);
    expect(made).toBe(before);
  });

  it('that has expired is refused', async () => {
    const response = await get(await address({}, { expires: new Date('2020-01-01') }));
    expect([response.status, await response.json()]).toMatchObject([403, { code: 'ADDRESS_EXPIRED' }]);
  });

  it('shows what is wrong where an image is wanted', async () => {
    const chromium = 'image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8';
    const response = await get(await address({ model: '<script>' }), { accept: chromium });
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'image/svg+xml']);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const text = await response.text();
    expect(text).toContain('&#60;script&#62;');
    expect(text).not.toContain('<script');
  });

  it('has a placeholder at once, which begins nothing: plain before the image exists, then the image blurred', async () => {
    const path = await address({ seed: 300 });
    const before = made;
    const plain = await get(`${path}?placeholder`);
    expect([plain.status, plain.headers.get('cache-control'), made]).toEqual([200, 'no-store', before]);
    expect(await sharp(await bytes(plain)).metadata()).toMatchObject({ format: 'webp', width: 32, height: 21 });
    await get(path);
    const blurred = await get(`${path}?placeholder`);
    expect(blurred.headers.get('cache-control')).toContain('s-maxage');
    const body = await bytes(blurred);
    expect(body.length).toBeLessThan(1000);
    expect((await sharp(body).stats()).channels[0]!.stdev).toBeGreaterThan(0);
  });

  it('of an edit and of a refinement starts from a stored image', async () => {
    const tag = (await get(await address())).headers.get('cache-tag')!;
    const image = /image-([0-9a-f]{64})/.exec(tag)![1]!;
    const edit: Recipe = {
      ...{ operation: 'edit', model: house.model, prompt: 'blue', image, strength: 0.5 },
      ...{ steps: 2, guidance: 0, seed: 1 },
    };
    const response = await get(await sign(edit, key, { extension: 'png' }));
    expect(response.status).toBe(200);
    expect(await sharp(await bytes(response)).metadata()).toMatchObject({ width: 96, height: 64 });
    const refine: Recipe = {
      ...{ operation: 'refine', model: house.model, image, strength: 0.5, steps: 2, seed: 1 },
      regions: [{ x: 0, y: 0, width: 48, height: 48 }],
    };
    expect((await get(await sign(refine, key))).status).toBe(200);
    const foreign = await get(await sign({ ...edit, image: '0'.repeat(64) }, key));
    expect([foreign.status, (await foreign.json()) as object]).toMatchObject([404, { code: 'NOT_FOUND' }]);
  });

  it('gives access to its image alone: the API still asks for its key', async () => {
    const locked = await openServer({ env: { ...env, ACCESS_KEY: 'a key of the API' } });
    try {
      expect((await get(await address(), {}, 'GET', locked)).status).toBe(200);
      expect((await locked.post({ query: '{ models { id } }' })).status).toBe(401);
    } finally {
      await locked.close();
    }
  });

  it('that takes long is answered with when to ask again, and goes on meanwhile', async () => {
    const hasty = await openServer({ env: { ...env, RENDER_WAIT_MS: '0' } });
    try {
      const path = await address();
      const pending = await get(path, {}, 'GET', hasty);
      expect([pending.status, pending.headers.get('retry-after'), pending.headers.get('cache-control')]).toEqual([
        503,
        '5',
        'no-store',
      ]);
      await expect.poll(async () => (await get(path, {}, 'GET', hasty)).status, { timeout: 20_000 }).toBe(200);
    } finally {
      await hasty.close();
    }
  });

  it('starts no more new images a minute than its key may; what exists is answered without end', async () => {
    const mean = await openServer({ env: { ...env, RENDER_RATE: '1' } });
    try {
      const [first, second] = [await address({ seed: 1 }), await address({ seed: 2 })];
      expect((await get(first, {}, 'GET', mean)).status).toBe(200);
      const refused = await get(second, {}, 'GET', mean);
      expect([refused.status, refused.headers.get('cache-control')]).toEqual([429, 'no-store']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await get(first, {}, 'GET', mean)).status).toBe(200);
      expect((await get(await sign({ ...house, seed: 2 }, other), {}, 'GET', mean)).status).toBe(200);
    } finally {
      await mean.close();
    }
  });
});
