import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { createAccess, generateAccessKey, isLoopback } from '../../src/http/access.js';
import { house, openServer, operation, origin, type TestServer } from './server.js';

const key = 'a key that nobody guesses';
let server: TestServer;
let open: TestServer;
beforeAll(async () => {
  server = await openServer({ env: { ACCESS_KEY: key } });
  open = await openServer();
});
afterAll(async () => {
  await server.close();
  await open.close();
});

const models = { query: '{ models { name } }' };
const get = (path: string, headers: Record<string, string> = {}) =>
  server.fetch(new Request(`${origin}${path}`, { headers, redirect: 'manual' }));
const signIn = (form: string) =>
  server.fetch(
    new Request(`${origin}/login`, {
      method: 'POST',
      body: form,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    }),
  );

describe('with an ACCESS_KEY', () => {
  it.each([
    ['none', {}],
    ['a wrong bearer', { authorization: 'Bearer wrong' }],
    ['a forged session', { cookie: 'inkstone_session=99999999999999.00ff' }],
  ])('HTTP with %s is refused with UNAUTHENTICATED', async (_name, headers: Record<string, string>) => {
    const response = await server.post(models, headers);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
  });

  it.each(['/graphql/', '/x/graphql', '//graphql', '/x?y=/graphql', '/login/graphql', '/x?y=/graphql/'])(
    'nothing is executed at %s, which only ends like the path of the API',
    async (path) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
      for (const sent of [headers, { 'content-type': headers['content-type'] }]) {
        const request = new Request(`${origin}${path}`, {
          method: 'POST',
          headers: sent,
          body: JSON.stringify(models),
        });
        const response = await server.fetch(request);
        expect([response.status, await response.text()]).toEqual([404, 'There is nothing at this address.\n']);
      }
      expect((await get(`${path}${path.includes('?') ? '&' : '?'}query={models{name}}`)).status).toBe(404);
    },
  );

  it('HTTP with the key is answered', async () => {
    expect((await server.post(models, { authorization: `Bearer ${key}` })).status).toBe(200);
  });

  it('server-sent events ask for it', async () => {
    const query = { query: operation('progress'), variables: { id: 'nobody' } };
    expect((await server.post(query, { accept: 'text/event-stream' })).status).toBe(401);
  });

  it.each([
    ['nothing', {}, false],
    ['a wrong key', { accessKey: 'wrong' }, false],
    ['the key', { accessKey: key }, true],
    ['the key as a bearer', { authorization: `Bearer ${key}` }, true],
  ])('a WebSocket with %s', async (_name, connectionParams: Record<string, string>, allowed) => {
    const { url } = await server.listening();
    const client = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams,
      retryAttempts: 0,
    });
    const answered = await client
      .iterate({ query: '{ models { name } }' })
      .next()
      .then(
        () => true,
        () => false,
      );
    await client.dispose();
    expect(answered).toBe(allowed);
  });

  it('the page asks for it by a form, and a session then opens page and API', async () => {
    const page = await get('/');
    expect([page.status, page.headers.get('location')]).toEqual([303, '/login']);
    expect(await (await get('/login')).text()).toContain('<form');
    expect((await signIn('key=wrong')).headers.get('location')).toBe('/login?wrong');
    const welcome = await signIn(`key=${encodeURIComponent(key)}`);
    expect(welcome.headers.get('location')).toBe('/');
    const set = welcome.headers.get('set-cookie')!;
    expect(set).toMatch(/HttpOnly; SameSite=Strict/);
    expect(set).not.toContain(key);
    const cookie = set.split(';')[0]!;
    expect((await get('/', { cookie })).status).toBe(200);
    expect((await server.post(models, { cookie })).status).toBe(200);
  });

  it('guessing is slowed down', async () => {
    const guesses = await Promise.all(Array.from({ length: 40 }, () => signIn('key=guess')));
    expect(guesses.map(({ status }) => status)).toContain(429);
  });

  it('images and health ask for none', async () => {
    const response = await server.post(
      {
        query:
          'mutation($i: GenerateInput!) { generate(input: $i, waitMs: 60000) { ... on Generation { images { url } } } }',
        variables: { i: house },
      },
      { authorization: `Bearer ${key}` },
    );
    const { data } = (await response.json()) as { data: { generate: { images: { url: string }[] } } };
    expect((await server.fetch(new Request(data.generate.images[0]!.url))).status).toBe(200);
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
  });

  it('is told apart only for those who listen beyond this machine', () => {
    expect(['127.0.0.1', 'localhost', '::1', '127.8.8.8'].map(isLoopback)).toEqual([true, true, true, true]);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com'].map(isLoopback)).toEqual([
      false,
      false,
      false,
      false,
    ]);
    expect(generateAccessKey()).not.toBe(generateAccessKey());
  });

  it('a session ends', () => {
    let now = 0;
    const access = createAccess(key, () => now);
    const session = access.signIn(key, true);
    if (typeof session === 'string') throw new Error(session);
    const headers = new Headers({ cookie: session.cookie.split(';')[0]! });
    expect([access.allows(headers), session.cookie.includes('Secure')]).toEqual([true, true]);
    now = 31 * 24 * 3600 * 1000;
    expect(access.allows(headers)).toBe(false);
  });
});

describe('a POST that a form could send', () => {
  const send = (type: string | null, headers: Record<string, string> = {}) => {
    const request = new Request(`${origin}/graphql`, {
      method: 'POST',
      headers,
      body: new Uint8Array(Buffer.from(JSON.stringify(models))),
    });
    if (type !== null) request.headers.set('content-type', type);
    return open.fetch(request);
  };

  it.each([['text/plain'], ['application/x-www-form-urlencoded'], ['multipart/form-data; boundary=x'], [null]])(
    'of type %s is refused without a header that a form cannot send',
    async (type) => {
      const response = await send(type);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'CSRF_PREVENTED' } }] });
      expect((await send(type, { 'x-graphql-yoga-csrf': '1' })).status).not.toBe(403);
    },
  );

  it('JSON needs no such header, nor does a GET', async () => {
    expect((await send('application/json')).status).toBe(200);
    expect((await open.fetch(new Request(`${origin}/graphql?query=${encodeURIComponent(models.query)}`))).status).toBe(
      200,
    );
  });

  it('a mutation over GET is refused', async () => {
    const query = encodeURIComponent('mutation { cancel(id: "x") { __typename } }');
    expect((await open.fetch(new Request(`${origin}/graphql?query=${query}`))).status).toBe(405);
  });
});
