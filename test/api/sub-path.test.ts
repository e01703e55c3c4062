import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { basePathOf, belowBase } from '../../src/http/base-url.js';
import { house, openServer, type TestServer } from './server.js';

const key = 'a key that nobody guesses';
const base = 'https://images.example/ink';
let server: TestServer;
beforeAll(async () => {
  server = await openServer({ env: { PUBLIC_URL: base, ACCESS_KEY: key } });
});
afterAll(() => server.close());

const html = { accept: 'text/html' };
/** As clients see it, each behind a proxy that strips the path and behind one that does not. */
const ways: [string, (path: string, init?: RequestInit) => Promise<Response>][] = [
  [
    'stripped',
    (path, init) => server.fetch(new Request(`http://127.0.0.1:4000${path}`, { redirect: 'manual', ...init })),
  ],
  [
    'kept',
    (path, init) => server.fetch(new Request(`http://127.0.0.1:4000/ink${path}`, { redirect: 'manual', ...init })),
  ],
];

describe.each(ways)('below a path that is %s', (_way, ask) => {
  const signIn = (form: string) =>
    ask('/login', { method: 'POST', body: form, headers: { 'content-type': 'application/x-www-form-urlencoded' } });

  it.each<[string, () => Promise<Response>, string]>([
    ['the page', () => ask('/'), '/ink/login'],
    ['GraphiQL', () => ask('/graphql', { headers: html }), '/ink/login'],
    ['a wrong key', () => signIn('key=wrong'), '/ink/login?wrong'],
    ['the key', () => signIn(`key=${encodeURIComponent(key)}`), '/ink/'],
  ])('%s leads to where it is below the path', async (_name, asked, location) => {
    const response = await asked();
    expect([response.status, response.headers.get('location')]).toEqual([303, location]);
  });

  it('the cookie is sent below the path alone, and opens page, GraphiQL and API', async () => {
    const set = (await signIn(`key=${encodeURIComponent(key)}`)).headers.get('set-cookie')!;
    expect(set).toMatch(/; Path=\/ink; .*Secure/);
    const cookie = set.split(';')[0]!;
    const page = await ask('/', { headers: { cookie } });
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<base href="/ink/" />')]);
    expect(page.headers.get('content-security-policy')).toContain("base-uri 'self'");
    expect((await ask('/graphql', { headers: { cookie, ...html } })).status).toBe(200);
    expect((await ask('/graphql?query={models{name}}', { headers: { cookie } })).status).toBe(200);
  });

  it('what belongs to the page, health and the schema are there', async () => {
    for (const path of ['/style.css', '/main.js', '/icon.svg', '/login', '/healthz'])
      expect([path, (await ask(path)).status]).toEqual([path, 200]);
    expect((await ask('/schema.graphql')).status).toBe(401);
    expect((await ask('/nothing')).status).toBe(404);
  });

  it('images are where their addresses say', async () => {
    const query =
      'mutation($input: GenerateInput!) { generate(input: $input, waitMs: 60000) { ... on Generation { images { url } } } }';
    const response = await ask('/graphql', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify({ query, variables: { input: house } }),
    });
    const { data } = (await response.json()) as { data: { generate: { images: { url: string }[] } } };
    const { url } = data.generate.images[0]!;
    expect(url).toMatch(new RegExp(`^${base}/images/`));
    expect((await ask(url.slice(base.length))).status).toBe(200);
  });
});

it('the path itself leads to the slash behind it, over HTTP as well', async () => {
  const { url } = await server.listening();
  const over = await fetch(`${url}/ink`, { redirect: 'manual' });
  expect([over.status, over.headers.get('location')]).toEqual([308, '/ink/']);
  expect((await fetch(`${url}/ink/healthz`)).status).toBe(200);
  expect((await server.fetch(new Request('http://localhost/ink'))).headers.get('location')).toBe('/ink/');
});

describe('a path', () => {
  it.each([
    ['/ink/graphql?a', '/graphql?a'],
    ['/ink/', '/'],
    ['/ink', null],
    ['/ink?a=b', null],
    ['/inkling', '/inkling'],
    ['/graphql', '/graphql'],
  ])('%s is %s below /ink', (target, local) => {
    expect(belowBase(target, '/ink')).toBe(local);
  });

  it.each([
    ['/ink', '/ink'],
    ['/ink/', '/ink'],
    ['/a/b-c', '/a/b-c'],
    ['//evil.example', ''],
    ['/a/../b', ''],
    ['https://evil.example', ''],
    ['/"><script>', ''],
    ['', ''],
  ])('that a trusted proxy says is %j: %j', (said, path) => {
    const headers = new Headers({ 'x-forwarded-prefix': said });
    expect(basePathOf(headers, { PUBLIC_URL: undefined, TRUST_PROXY: true })).toBe(path);
    expect(basePathOf(headers, { PUBLIC_URL: undefined, TRUST_PROXY: false })).toBe('');
  });
});
