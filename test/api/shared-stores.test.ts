import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type S3, type Service, startPostgres, startS3 } from '../../infra/services/index.js';
import { house, openServer, origin, type TestServer } from './server.js';

/** What clients and operators see of a program whose records are in Postgres and whose images are in S3. */

interface Told {
  readonly cache: string;
  readonly images: readonly { readonly url: string }[];
}

let [postgres, s3] = [] as unknown as [Service, S3];
let [one, other] = [] as unknown as [TestServer, TestServer];
beforeAll(async () => {
  [postgres, s3] = await Promise.all([startPostgres(), startS3()]);
  Object.assign(process.env, s3.env);
  const env = { DATABASE_URL: postgres.url, IMAGE_STORE: s3.url, S3_ENDPOINT: s3.endpoint };
  one = await openServer({ env });
  other = await openServer({ env: { ...env, IMAGE_REDIRECT: 'on' } });
});
afterAll(async () => {
  await Promise.all([one.close(), other.close()]);
  await Promise.all([postgres.stop(), s3.stop()]);
});

async function generate(server: TestServer, input: object = house): Promise<Told> {
  const { result } = await server.ask<{ result: Told }>(
    'mutation($i: GenerateInput!) { result: generate(input: $i, waitMs: 60000) { ... on Generation { cache images { url } } ... on Problem { code } } }',
    { i: input },
  );
  return result;
}

const ready = async (server: TestServer) => (await server.fetch(new Request(`${origin}/readyz`))).status;

describe('two processes on the same stores', () => {
  it('answer each other’s requests from memory, and serve each other’s images', async () => {
    const made = await generate(one);
    expect(made.cache).toBe('MISS');
    const repeated = await generate(other);
    expect(repeated).toEqual({ cache: 'HIT', images: made.images });
    const { url } = made.images[0]!;
    const [here, there] = await Promise.all([one, other].map((server) => server.fetch(new Request(`${url}.jpg?w=32`))));
    expect(Buffer.from(await here!.arrayBuffer())).toEqual(Buffer.from(await there!.arrayBuffer()));
  });

  it('send clients elsewhere for an image as it was stored, where that is set', async () => {
    const { images } = await generate(one);
    const url = `${images[0]!.url}.png`;
    const here = await one.fetch(new Request(url));
    const sent = await other.fetch(new Request(url));
    expect([here.status, sent.status]).toEqual([200, 302]);
    expect(sent.headers.get('cache-control')).toBe('public, max-age=300');
    const there = await fetch(sent.headers.get('location')!);
    expect(Buffer.from(await there.arrayBuffer())).toEqual(Buffer.from(await here.arrayBuffer()));
    const known = { 'if-none-match': here.headers.get('etag')! };
    expect((await other.fetch(new Request(url, { headers: known }))).status).toBe(304);
    expect((await other.fetch(new Request(url, { method: 'HEAD' }))).status).toBe(200);
    expect((await other.fetch(new Request(`${url}?w=32`))).status).toBe(200);
  });

  it.each([
    ['Postgres', () => postgres],
    ['S3', () => s3],
  ])('are not ready while %s is away, and come back by themselves', async (_, service) => {
    expect(await ready(one)).toBe(200);
    service().signal('SIGKILL');
    await expect.poll(() => ready(one), { timeout: 20_000 }).toBe(503);
    await service().start();
    await expect.poll(() => ready(one), { timeout: 20_000 }).toBe(200);
    expect((await generate(one, { ...house, seed: 12 })).cache).toMatch(/HIT|MISS/);
  });
});
