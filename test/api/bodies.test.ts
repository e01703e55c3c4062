import { request } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openServer, origin, type TestServer } from './server.js';

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await openServer({ env: { BODY_LIMIT_BYTES: '20000' } });
  ({ url } = await server.listening());
});
afterAll(() => server.close());

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

const json = { 'content-type': 'application/json', accept: 'application/json' };
const models = '{"query":"{ models { name } }"}';

/** Sends chunks as a client of HTTP/1.1 that does not know beforehand how many will come. */
function send(chunks: readonly (string | Uint8Array)[], headers: Record<string, string> = json): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sending = request(`${url}/graphql`, { method: 'POST', headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode, body }));
    }).on('error', reject);
    for (const chunk of chunks) sending.write(chunk);
    sending.end();
  });
}

describe('a body in chunks', () => {
  it('is read, however it was cut', async () => {
    expect(await send([...models])).toMatchObject({ status: 200, body: expect.stringContaining('"name"') });
    expect(await send([models], { ...json, 'transfer-encoding': 'chunked' })).toMatchObject({ status: 200 });
  });

  it('is counted, and refused where it goes on after what is read', async () => {
    expect(await send([models.padEnd(19_999)])).toMatchObject({ status: 200 });
    const long = await send([models, ...Array.from({ length: 300 }, () => ' '.repeat(1000))]);
    expect(long).toMatchObject({
      status: 413,
      body: expect.stringContaining('Expected at most 20000 bytes but received more.'),
    });
    expect(long.body).toContain('TOO_LARGE');
  });

  it('leaves its connection fit for the next request', async () => {
    await send([' '.repeat(30_000)]);
    expect(await send([models])).toMatchObject({ status: 200 });
  });

  it("of a platform's own request is counted too, whatever it says of itself", async () => {
    const of = (body: string, headers = {}) =>
      server.fetch(new Request(`${origin}/graphql`, { method: 'POST', headers: { ...json, ...headers }, body }));
    expect((await of(models)).status).toBe(200);
    expect((await of(models.padEnd(20_001))).status).toBe(413);
    expect((await of(models.padEnd(20_001), { 'content-length': '5' })).status).toBe(413);
  });
});

describe('a coding that is not understood', () => {
  it.each(['gzip', 'br', 'deflate', 'zstd', 'GZIP', 'identity, gzip', 'x-unheard-of'])('%s is 415', async (coding) => {
    const { status, body } = await send([gzipSync(models)], { ...json, 'content-encoding': coding });
    expect([status, JSON.parse(body).errors[0].extensions.code]).toEqual([415, 'UNSUPPORTED_ENCODING']);
  });

  it('identity is none', async () => {
    expect(await send([models], { ...json, 'content-encoding': 'identity' })).toMatchObject({ status: 200 });
  });

  it.each([
    ['application/json; charset=utf-16', 415],
    ['application/json; charset="UTF-8"', 200],
    ['Application/JSON', 200],
  ])('%s is %i', async (type, status) => {
    expect(await send([models], { ...json, 'content-type': type })).toMatchObject({ status });
  });
});

describe('text that is no JSON', () => {
  const long = 'x'.repeat(5000);
  const get = (parameters: Record<string, string>) =>
    server.fetch(
      new Request(`${origin}/graphql?${new URLSearchParams(parameters)}`, { headers: { accept: json.accept } }),
    );
  const post = (body: string | Uint8Array<ArrayBuffer>, type: string) =>
    server.fetch(
      new Request(`${origin}/graphql`, {
        method: 'POST',
        headers: { ...json, 'content-type': type, 'x-graphql-yoga-csrf': '1' },
        body,
      }),
    );

  it.each<[string, () => Promise<Response>]>([
    ['variables of a GET', () => get({ query: '{ models { name } }', variables: '{"a":' })],
    ['extensions of a GET', () => get({ query: '{ models { name } }', extensions: long })],
    ['variables of a form', () => post(`query={models{name}}&variables=${long}`, 'application/x-www-form-urlencoded')],
    ['extensions of a form', () => post(`query={models{name}}&extensions={`, 'application/x-www-form-urlencoded')],
    ['a body', () => post(long, 'application/json')],
    ['an empty body', () => post('', 'application/json')],
    ['half a body', () => post('{"query":', 'application/json')],
    ['a body of a number', () => post('1', 'application/json')],
    ['a body of null', () => post('null', 'application/json')],
    ['a body that is no text', () => post(new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), 'application/json')],
    ['GraphQL that is no text', () => post(new Uint8Array([0xc3, 0x28]), 'application/graphql')],
  ])('for %s is a 400 in one sentence, and no line in the log', async (_name, sent) => {
    const before = server.log.length;
    const response = await sent();
    const text = await response.text();
    expect(response.status).toBe(400);
    expect(JSON.parse(text).errors).toEqual([
      { message: expect.stringMatching(/^Expected .* but received .*\.$/), extensions: { code: 'BAD_REQUEST' } },
    ]);
    expect(text.length).toBeLessThan(200);
    expect(server.log.length).toBe(before);
  });

  it.each(['1', '"text"', '[1]', 'true'])(
    'variables of %s, which are JSON and no object, are a 400',
    async (variables) => {
      expect((await get({ query: '{ models { name } }', variables })).status).toBe(400);
    },
  );
});
