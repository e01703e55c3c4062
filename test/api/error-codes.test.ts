import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { limits } from '../../src/http/graphql/limits.js';
import { changed, openServer, operation, origin, type TestServer } from './server.js';

/** Clients decide by `extensions.code`: whatever way an error comes, it has one. */

let server: TestServer;
let address: string;
beforeAll(async () => {
  server = await openServer({
    wrap: (service) =>
      changed(service, {
        models() {
          throw new Error('nobody expected this');
        },
      }),
  });
  address = (await server.listening()).url;
});
afterAll(() => server.close());

interface Errors {
  readonly errors: readonly {
    readonly message: string;
    readonly extensions?: { code?: string; http?: unknown; reason?: string; parameters?: { field?: string } };
  }[];
}

const generate = 'mutation($i: GenerateInput!) { generate(input: $i) { __typename } }';
const faults: readonly (readonly [string, string, object])[] = [
  ['a document that is none', 'GRAPHQL_PARSE_FAILED', { query: '{ models {' }],
  ['a field that is none', 'GRAPHQL_VALIDATION_FAILED', { query: '{ nothing }' }],
  ['a missing argument', 'GRAPHQL_VALIDATION_FAILED', { query: '{ image { id } }' }],
  ['a variable that is missing', 'BAD_USER_INPUT', { query: generate }],
  ['a variable of another type', 'BAD_USER_INPUT', { query: generate, variables: { i: { prompt: 7 } } }],
  ['a seed that is none', 'BAD_USER_INPUT', { query: generate, variables: { i: { prompt: 'x', seed: -1 } } }],
  [
    'an argument out of range',
    'BAD_USER_INPUT',
    { query: 'subscription { generationProgress(id: "x", after: -1) { sequence } }' },
  ],
  ['an id of nothing', 'NOT_FOUND', { query: 'subscription { generationProgress(id: "x") { sequence } }' }],
  ['an unknown operation', 'OPERATION_RESOLUTION_FAILURE', { query: 'query A { models { id } }', operationName: 'B' }],
  ['too much', 'TOO_COMPLEX', { query: `{ models { ${'name '.repeat(limits.fields + 1)} } }` }],
  ['a bug', 'INTERNAL_SERVER_ERROR', { query: '{ models { id } }' }],
];

describe.each(faults)('%s is told with the code %s', (_name, code, body) => {
  it.each([
    'application/json',
    'application/graphql-response+json',
    'text/event-stream',
    'multipart/mixed;subscriptionSpec=1.0',
  ])('in %s', async (accept) => {
    const text = await (await server.post(body, { accept })).text();
    const { errors } = bodyOf(text);
    expect(errors.map(({ extensions }) => extensions?.code)).toContain(code);
    for (const { extensions } of errors) expect(extensions).toMatchObject({ code: expect.any(String) });
    expect(text).not.toContain('"http"');
  });

  it('over WebSocket', async () => {
    const { errors } = await overWebSocket(body);
    expect(errors.map(({ extensions }) => extensions?.code)).toContain(code);
    for (const { extensions } of errors) expect(extensions?.http).toBeUndefined();
  });
});

it('an error about a variable names its field for programs', async () => {
  const response = await server.post({ query: generate, variables: { i: { prompt: 'x', seed: -1 } } });
  const { errors } = (await response.json()) as Errors;
  expect(errors[0]!.extensions).toMatchObject({
    code: 'BAD_USER_INPUT',
    reason: 'OUT_OF_RANGE',
    parameters: { field: 'seed' },
  });
});

it.each([
  ['a name', { query: `{ ${'n'.repeat(100_000)} }` }],
  ['a value', { query: generate, variables: { i: { prompt: 'x', width: 'w'.repeat(100_000) } } }],
  ['an operation name', { query: '{ __typename }', operationName: 'o'.repeat(100_000) }],
])('%s of 100 kB is not told back whole', async (_what, body) => {
  const response = await server.post(body);
  expect((await response.text()).length).toBeLessThan(1500);
});

describe('what is no GraphQL request is refused as GraphQL clients read it', () => {
  const json = { 'content-type': 'application/json' };
  it.each([
    ['another content type', 415, { method: 'POST', headers: { 'content-type': 'application/xml' }, body: '<a/>' }],
    ['another method', 405, { method: 'PUT', headers: json, body: '{}' }],
    ['no JSON', 400, { method: 'POST', headers: json, body: 'nothing' }],
    [
      'no query',
      400,
      { method: 'POST', headers: { ...json, accept: 'application/graphql-response+json' }, body: '{}' },
    ],
    ['a list of requests', 400, { method: 'POST', headers: json, body: '[{ "query": "{ __typename }" }]' }],
    [
      'nothing that may be answered',
      406,
      { method: 'POST', headers: { ...json, accept: 'image/png' }, body: '{ "query": "{ __typename }" }' },
    ],
    [
      'a subscription that may only be answered once',
      406,
      {
        method: 'POST',
        headers: { ...json, accept: 'application/json' },
        body: JSON.stringify({ query: 'subscription { generationProgress(id: "x") { sequence } }' }),
      },
    ],
  ] as const)('%s: %i', async (name, status, init) => {
    const response = await server.fetch(new Request(`${origin}/graphql`, init));
    const { errors } = (await response.json()) as Errors;
    // The unknown id is found before anybody asks how it would be told.
    if (!name.startsWith('a subscription')) expect(response.status).toBe(status);
    expect(errors[0]!.extensions!.code).toMatch(/^[A-Z_]+$/);
  });
});

function bodyOf(text: string): Errors {
  const [first = ''] = text.slice(text.indexOf('{')).split(/\n\nevent: complete|\r\n--graphql/);
  const parsed = JSON.parse(first) as Errors & { payload?: Errors };
  return parsed.payload ?? parsed;
}

function overWebSocket(payload: object): Promise<Errors> {
  const socket = new WebSocket(`${address.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
    socket.on('close', (code, reason) => reject(new Error(`closed: ${code} ${reason}`)));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string; payload: Errors & Errors['errors'] };
      if (message.type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
      if (message.type === 'error') resolve({ errors: message.payload });
      if (message.type === 'next') resolve(message.payload);
      if (message.type === 'error' || message.type === 'next') socket.terminate();
    });
  });
}

it('a query that is named by its hash is told to be sent, as Apollo clients and urql read it', async () => {
  const extensions = { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } };
  const post = await server.post({ operationName: 'Models', extensions, variables: {} });
  const get = await server.fetch(
    new Request(`${origin}/graphql?extensions=${encodeURIComponent(JSON.stringify(extensions))}`),
  );
  for (const response of [post, get]) {
    const told = { message: 'PersistedQueryNotSupported', extensions: { code: 'PERSISTED_QUERY_NOT_SUPPORTED' } };
    expect([response.status, await response.json()]).toEqual([200, { errors: [told] }]);
  }
  const sent = await server.post({ query: operation('node'), variables: { id: 'x' }, extensions });
  expect(await sent.json()).toEqual({ data: { node: null } });
});
