import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { openServer, operation, type TestServer } from './server.js';

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const long = 'x'.repeat(100_000);
const generate = operation('generate');
const wrong: [string, object][] = [
  ['a field', { query: `{ ${long} }` }],
  ['an alias', { query: `mutation { ${long}: cancel(id: "") { ${long} } }` }],
  ['many fields', { query: `{ ${Array.from({ length: 400 }, (_, i) => `f${i}`).join(' ')} }` }],
  ['text that is no GraphQL', { query: `{ "${long}` }],
  ['an operation name', { query: '{ models { name } }', operationName: long }],
  ['a parameter of the request', { query: '{ models { name } }', [long]: 1 }],
  ['a number', { query: generate, variables: { input: { prompt: 'a', seed: '1'.repeat(100_000) } } }],
  ['an enum', { query: generate, variables: { input: { prompt: 'a', cache: long } } }],
  ['a field of an input', { query: generate, variables: { input: { prompt: 'a', [long]: 1 } } }],
  ['a model', { query: generate, variables: { input: { prompt: 'a', model: long } } }],
  ['an id', { query: operation('progress'), variables: { id: long } }],
  ['an image', { query: operation('edit'), variables: { input: { prompt: 'a', image: { id: long } } } }],
  [
    'an address',
    { query: operation('edit'), variables: { input: { prompt: 'a', image: { url: `http://${long}/` } } } },
  ],
  [
    'a list',
    { query: generate, variables: { input: { prompt: 'a', loras: Array(5000).fill({ id: 'x', weight: 'y' }) } } },
  ],
];

describe('a refusal is short, however long what came was', () => {
  it.each(wrong)('%s', async (_name, body) => {
    const response = await server.post(body, { accept: 'application/json, text/event-stream;q=0.1' });
    const text = await response.text();
    expect(text).toMatch(/"errors"|"message"/);
    expect(text.length).toBeLessThan(12_000);
    expect([...response.headers].join().length).toBeLessThan(1000);
  });

  it('over WebSocket as well', async () => {
    const { url } = await server.listening();
    const socket = createClient({
      url: `${url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    const refused = await socket
      .iterate({ query: `{ ${long} }` })
      .next()
      .catch((error: unknown) => error);
    await socket.dispose();
    expect(JSON.stringify(refused).length).toBeLessThan(2000);
  });

  it('and still says at its end what was expected', async () => {
    const { errors } = (await (
      await server.post({ query: generate, variables: { input: { prompt: 'a', cache: long } } })
    ).json()) as {
      errors: { message: string }[];
    };
    expect(errors[0]!.message).toMatch(
      /^Variable "\$input" got invalid value "x+… at "input.cache"; .* does not exist in "CachePolicy" enum/,
    );
  });
});
