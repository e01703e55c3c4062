import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { httpSection } from '../../src/http/config.js';
import { openServer, type TestServer } from './server.js';
import { overTheWire } from './wire.js';

let open: TestServer;
let locked: TestServer;
beforeAll(async () => {
  open = await openServer({ env: { PUBLIC_URL: 'https://images.example' } });
  locked = await openServer({ env: { ACCESS_KEY: 'a key that nobody guesses' } });
});
afterAll(async () => {
  await open.close();
  await locked.close();
});

const models = '{"query":"{ models { name } }"}';

/** The status and the body of a request in which any headers may stand. */
async function ask(
  server: TestServer,
  path: string,
  headers: Record<string, string>,
  body: string | null = null,
): Promise<[number, string]> {
  const { url } = await server.listening();
  const lines = Object.entries({ connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = body === null ? '' : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  const received = await overTheWire(
    url,
    `${body === null ? 'GET' : 'POST'} ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body ?? ''}`,
  );
  return [Number(received.slice(9, 12)), received.slice(received.indexOf('\r\n\r\n') + 4)];
}

const foreign = [
  'evil.example',
  'evil.example:4000',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  'inkstone',
  'xlocalhost',
];
const own = [
  '127.0.0.1:4000',
  'localhost',
  'LOCALHOST:4000',
  'app.localhost:1',
  '[::1]:4000',
  '192.168.1.7',
  'images.example',
  'localhost.',
];

describe('without a key', () => {
  it.each(foreign)('nothing is served under the name %s', async (host) => {
    for (const [path, body] of [
      ['/', null],
      ['/graphql', models],
      ['/graphql?query={models{name}}', null],
      ['/login', null],
    ] as const) {
      const [status, answer] = await ask(open, path, { host }, body);
      expect([path, status]).toEqual([path, 421]);
      expect(answer).toMatch(/Set PUBLIC_URL to .*, or set ACCESS_KEY\./);
    }
  });

  it.each(own)('everything is served under %s', async (host) => {
    expect((await ask(open, '/graphql', { host }, models))[0]).toBe(200);
    expect((await ask(open, '/', { host }))[0]).toBe(200);
  });

  it.each(['https://evil.example', 'null', 'file://', 'https://localhost.evil.example'])(
    'a page of %s asks for nothing',
    async (origin) => {
      const [status, answer] = await ask(open, '/graphql', { host: '127.0.0.1', origin }, models);
      expect([status, answer]).toEqual([403, expect.stringContaining('Set CORS_ORIGINS')]);
    },
  );

  it.each(['http://127.0.0.1:4000', 'http://localhost:5173', 'https://images.example'])(
    'a page of %s does',
    async (origin) => {
      expect((await ask(open, '/graphql', { host: '127.0.0.1', origin }, models))[0]).toBe(200);
    },
  );

  it.each<[Record<string, string>, number | 'open']>([
    [{ host: 'evil.example', origin: 'http://evil.example' }, 421],
    [{ host: 'evil.example' }, 421],
    [{ host: '127.0.0.1', origin: 'http://evil.example' }, 403],
    [{ host: 'localhost', origin: 'http://localhost' }, 'open'],
    [{ host: 'images.example', origin: 'https://images.example' }, 'open'],
    [{}, 'open'],
  ])('a WebSocket with %j: %s', async (headers, expected) => {
    const { url } = await open.listening();
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
    const result = await new Promise((resolve) => {
      socket.on('open', () => resolve('open'));
      socket.on('unexpected-response', (_, { statusCode, headers: { 'x-content-type-options': sniff } }) =>
        resolve([statusCode, sniff]),
      );
      socket.on('error', () => {});
    });
    socket.terminate();
    expect(result).toEqual(expected === 'open' ? expected : [expected, 'nosniff']);
  });
});

it('with a key any name is served to those who have it', async () => {
  const headers = { host: 'images.somewhere', authorization: 'Bearer a key that nobody guesses' };
  expect((await ask(locked, '/graphql', headers, models))[0]).toBe(200);
  expect((await ask(locked, '/graphql', { host: 'images.somewhere' }, models))[0]).toBe(401);
});

describe('HOST', () => {
  it.each(['[::1]', '::1', '::', '0.0.0.0', 'localhost', '127.0.0.1', '[::]'])('%s is listened on', async (HOST) => {
    const server = await openServer({ env: { HOST } });
    const { url } = await server.listening();
    const { port } = new URL(url);
    const reachable = HOST.includes('::1')
      ? `http://[::1]:${port}`
      : HOST === 'localhost'
        ? url
        : `http://127.0.0.1:${port}`;
    expect(
      (await fetch(`${HOST === '[::]' || HOST === '::' ? `http://[::1]:${port}` : reachable}/healthz`)).status,
    ).toBe(200);
    await server.close();
  });

  it.each([
    ['0.0.0.0', false],
    ['::', false],
    ['192.168.1.7', false],
    ['127.0.0.1', true],
    ['[::1]', true],
    ['localhost', true],
  ])('%s may have a key of 15 characters: %s', (HOST, allowed) => {
    const { success, error } = httpSection.schema.safeParse({ HOST, ACCESS_KEY: 'x'.repeat(15) });
    expect([success, error?.issues[0]?.path]).toEqual([allowed, allowed ? undefined : ['ACCESS_KEY']]);
    expect(httpSection.schema.safeParse({ HOST, ACCESS_KEY: 'x'.repeat(16) }).success).toBe(true);
  });
});

describe('a preflight without CORS', () => {
  const preflight = (server: TestServer) =>
    server.fetch(
      new Request('http://127.0.0.1/graphql', {
        method: 'OPTIONS',
        headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST' },
      }),
    );

  it('is refused with what is to be set', async () => {
    for (const server of [open, locked]) {
      const response = await preflight(server);
      expect([response.status, await response.text()]).toEqual([403, expect.stringContaining('Set CORS_ORIGINS')]);
      expect(response.headers.has('access-control-allow-origin')).toBe(false);
    }
  });
});
