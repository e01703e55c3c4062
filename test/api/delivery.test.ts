import { get } from 'node:http';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openServer, operation, type TestServer } from './server.js';
import { overTheWire } from './wire.js';

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await openServer();
  ({ url } = await server.listening());
});
afterAll(() => server.close());

interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

/** As it is on the wire: fetch would decompress it. */
const ask = (path: string, headers: Record<string, string> = {}) =>
  new Promise<Answer>((resolve, reject) => {
    get(`${url}${path}`, { headers }, async (response) => {
      const chunks = await response.toArray();
      resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) });
    }).on('error', reject);
  });

describe('GraphiQL', () => {
  const page = (headers: Record<string, string> = {}) => ask('/graphql', { accept: 'text/html', ...headers });

  it('is kept by browsers, and asked for again without being sent again', async () => {
    const first = await page({ 'accept-encoding': 'br' });
    expect(first.headers['cache-control']).toBe('private, no-cache');
    const again = await page({ 'accept-encoding': 'br', 'if-none-match': String(first.headers.etag) });
    expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, first.headers.etag]);
  });

  it('is sent in a third of its bytes where that is understood', async () => {
    const plain = await page();
    const [br, gzip] = [
      await page({ 'accept-encoding': 'gzip, deflate, br' }),
      await page({ 'accept-encoding': 'gzip, br;q=0' }),
    ];
    expect([plain, br, gzip].map(({ headers }) => headers['content-encoding'])).toEqual([undefined, 'br', 'gzip']);
    expect(brotliDecompressSync(br.body).equals(plain.body)).toBe(true);
    expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
    expect(Math.max(br.body.length, gzip.body.length)).toBeLessThan(plain.body.length / 3);
    expect(new Set([plain, br, gzip].map(({ headers }) => headers.etag)).size).toBe(3);
    expect(plain.headers.vary).toBe('Accept, Accept-Encoding');
  });
});

describe('what is sent', () => {
  it.each(['/style.css', '/', '/schema.graphql', '/graphql?query={__schema{types{name,description}}}'])(
    '%s is compressed',
    async (path) => {
      const { status, headers, body } = await ask(path, { 'accept-encoding': 'gzip' });
      expect([status, headers['content-encoding'], headers.vary]).toEqual([
        200,
        'gzip',
        expect.stringMatching(/Accept-Encoding/i),
      ]);
      expect(gunzipSync(body).length).toBeGreaterThan(body.length);
    },
  );

  it('a short answer is not', async () => {
    expect((await ask('/healthz', { 'accept-encoding': 'gzip' })).headers['content-encoding']).toBeUndefined();
  });

  it('nor are events, which come as they happen', async () => {
    const query = encodeURIComponent(operation('progress'));
    const { generate } = await server.ask<{ generate: { id: string } }>(operation('generate'), {
      input: { prompt: 'a', seed: 1 },
    });
    const variables = encodeURIComponent(JSON.stringify(generate));
    const accept = { accept: 'text/event-stream', 'accept-encoding': 'gzip, br' };
    const { headers, body } = await ask(`/graphql?query=${query}&variables=${variables}`, accept);
    expect(headers['content-encoding'] ?? 'none').toBe('none');
    expect(String(body)).toContain('GenerationFinished');
  });
});

describe('every answer says that it is of the type that it says', () => {
  it.each([
    ['/', {}],
    ['/login', {}],
    ['/icon.svg', {}],
    ['/graphql', { accept: 'text/html' }],
    ['/graphql?query={models{name}}', {}],
    ['/graphql?query={nothing}', {}],
    ['/graphql', { accept: 'image/png' }],
    ['/graphql?query={models{name}}&variables={', {}],
    [`/images/${'0'.repeat(64)}`, {}],
    ['/images/nothing', {}],
    ['/nothing', {}],
    ['/healthz', {}],
    ['/readyz', {}],
    ['/', { host: 'evil.example' }],
    ['/', { host: 'a b' }],
    ['/schema.graphql', {}],
  ])('%s %j', async (path, headers: Record<string, string>) => {
    expect((await ask(path, headers)).headers['x-content-type-options']).toBe('nosniff');
  });

  it.each([
    ['nonsense', 'nonsense\r\n\r\n', 400],
    ['headers too long', `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    [
      'no upgrade to a WebSocket',
      'GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: what\r\n\r\n',
      400,
    ],
    [
      'an upgrade elsewhere',
      'GET /x HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n',
      404,
    ],
  ])('also to %s', async (_name, sent, status) => {
    const answer = await overTheWire(url, sent);
    expect(answer).toMatch(
      new RegExp(`^HTTP/1\\.1 ${status} [^]*x-content-type-options: nosniff[^]*Expected|^HTTP/1\\.1 404 [^]*nosniff`),
    );
  });
});
