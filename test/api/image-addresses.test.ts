import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { house, openServer, operation, origin, type TestServer } from './server.js';

/** The grammar of image addresses (docs/images.md), outwards and inwards. */

const servers: TestServer[] = [];
let server: TestServer;
let id: string;

const opened = async (env: Record<string, string> = {}) => {
  const one = await openServer({ env, model: { editModes: ['STRENGTH'] } });
  servers.push(one);
  const { generate } = await one.ask<{ generate: { images: { url: string; sha256: string }[] } }>(
    'mutation($i: GenerateInput!) { generate(input: $i, waitMs: 60000) { ... on Generation { images { url sha256 } } } }',
    { i: house },
  );
  id = generate.images[0]!.sha256;
  return { server: one, url: generate.images[0]!.url };
};
beforeAll(async () => {
  ({ server } = await opened());
});
afterAll(() => Promise.all(servers.map((one) => one.close())));

describe('the address of an image', () => {
  const status = async (suffix: string) => (await server.fetch(new Request(`${origin}/images/${id}${suffix}`))).status;

  it.each(['', '?', '?w=32', '.jpg?q=50&h=16&w=16', '.jpeg', '.png?%77=32', '?w=032'])(
    'may end in "%s"',
    async (suffix) => {
      expect(await status(suffix)).toBe(200);
    },
  );

  it.each([
    '?width=32',
    '?W=32',
    '?w=32&x=1',
    '?utm_source=mail',
    '?w=32&w=32',
    '?w=32&%77=64',
    '?w',
    '?w=',
    '?=32',
    '?w=0',
    '?h=1e3',
    '?h=0x10',
    '?w=+32',
    '?w=-1',
    '?w=3.5',
    '?w=32%20',
    '?w=16385',
    '?q=0',
    '?q=101',
    '?w%5B%5D=32',
    '?constructor=1',
    '?%E0%A4%A=1',
  ])('that ends in "%s" is refused in one sentence that no cache keeps', async (suffix) => {
    const response = await server.fetch(new Request(`${origin}/images/${id}.png${suffix}`));
    expect([response.status, response.headers.get('cache-control')]).toEqual([400, 'no-store']);
    expect(await response.text()).toMatch(/^Expected `\w+` to be [^\n]+ but received [^\n]+\.\n?$/);
  });

  it('is refused without repeating a long key', async () => {
    const response = await server.fetch(new Request(`${origin}/images/${id}?${'k'.repeat(5000)}=1`));
    expect((await response.text()).length).toBeLessThan(200);
  });
});

describe('an image of this server, given by its address,', () => {
  interface Edited {
    edit: { __typename: string; source?: { sha256: string } | null; message?: string };
  }
  const edit = async (one: TestServer, url: string) =>
    (
      await one.ask<Edited>(
        `mutation($i: EditInput!) { edit(input: $i, waitMs: 60000) {
          __typename ... on Generation { source { sha256 } } ... on Problem { message } } }`,
        { i: { prompt: 'a blue house', seed: 1, strength: 0.5, image: { url } } },
      )
    ).edit;

  it.each([
    ['as Image.url gives it', ''],
    ['as a small JPEG', '.jpg?w=64'],
    ['as WebP', '.webp?w=16&h=16&q=10'],
  ])('%s is the master itself, and nothing is fetched', async (_name, suffix) => {
    for (const address of [`${origin}/images/${id}${suffix}`, `/images/${id}${suffix}`, `images/${id}${suffix}`])
      expect(await edit(server, address)).toEqual({ __typename: 'Generation', source: { sha256: id } });
  });

  it('where the server has a public address with a path', async () => {
    const { server: below, url } = await opened({ PUBLIC_URL: 'https://example.com/ink/', FETCH_IMAGES: 'off' });
    expect(url).toBe(`https://example.com/ink/images/${id}`);
    const path = `/images/${id}.jpg?w=64`;
    for (const address of [url, `https://example.com/ink${path}`, `/ink${path}`, path, `//example.com/ink${path}`])
      expect(await edit(below, address)).toEqual({ __typename: 'Generation', source: { sha256: id } });
    for (const address of [
      `https://example.com${path}`,
      `https://example.com/other${path}`,
      `https://other.com/ink${path}`,
    ])
      expect(await edit(below, address)).toMatchObject({ __typename: 'InvalidInput' });
  });

  it('is the same over loopback, whatever that is called', async () => {
    const { server: local } = await opened({ FETCH_IMAGES: 'off' });
    const { url } = await local.listening();
    for (const host of ['localhost', '127.0.0.1', '[::1]']) {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          query: operation('edit'),
          variables: {
            input: {
              ...{ prompt: 'a blue house', seed: 1, strength: 0.5 },
              image: { url: `http://${host}:${new URL(url).port}/images/${id}` },
            },
          },
        }),
      });
      expect(await answer.json()).toMatchObject({ data: { edit: { __typename: 'Generation' } } });
    }
  });

  it('that is not there is not found', async () => {
    expect(await edit(server, `${origin}/images/${'0'.repeat(64)}.png`)).toMatchObject({ __typename: 'NotFound' });
  });

  it.each([
    'https://user:secret@inkstone.test/images/',
    'http://inkstone.test:4000/images/',
    'http://inkstone.test.evil.test/images/',
    'ftp://inkstone.test/images/',
  ])('is not meant by %s', async (start) => {
    expect(await edit(server, `${start}${id}`)).toMatchObject({ __typename: 'InvalidInput' });
  });
});
