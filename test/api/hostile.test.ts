import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { changed, long, openServer, origin, type TestServer } from './server.js';
import { overTheWire } from './wire.js';

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await openServer({
    env: { CORS_ORIGINS: 'https://friend.example' },
    wrap: (service) =>
      changed(service, { variant: () => Promise.reject(new Error('the password is hunter2, in /etc/secret')) }),
  });
  ({ url } = await server.listening());
});
afterAll(() => server.close());

describe('fragments', () => {
  const inCircles = (count: number) => {
    const names = Array.from({ length: count }, (_, i) => `f${i}`);
    const spreads = (own: string) => names.filter((name) => name !== own).map((name) => `...${name}`);
    return `{ ...f0 } ${names.map((name) => `fragment ${name} on Query { ${spreads(name).join(' ')} }`).join(' ')}`;
  };
  const doubling = (levels: number) =>
    `{ ...f0 } ${Array.from({ length: levels }, (_, i) => `fragment f${i} on Query { ...f${i + 1} ...f${i + 1} }`).join(' ')}
     fragment f${levels} on Query { models { name } }`;

  it.each([
    ['that go in circles', inCircles(28), 'GRAPHQL_VALIDATION_FAILED'],
    ['in fragments', doubling(100), 'TOO_COMPLEX'],
    [
      'of a mutation',
      `mutation { ${'abcde'.replace(/./g, '...$& ')} } ${[...'abcde'].map((f) => `fragment ${f} on Mutation { ${f}1: cancel(id: "x") { __typename } ${f}2: cancel(id: "x") { __typename } }`).join(' ')}`,
      'TOO_COMPLEX',
    ],
  ])('%s are refused, and at once', async (_name, query, code) => {
    const started = performance.now();
    const { errors } = (await (await server.post({ query })).json()) as { errors: { extensions: { code: string } }[] };
    expect(errors.map(({ extensions }) => extensions.code)).toContain(code);
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('documents', () => {
  it.each([
    ['long ones', (i: number) => `{ models { name } } # ${String(i).padEnd(250_000, 'x')}`],
    ['long ones that cannot be read', (i: number) => `{ models { name # ${String(i).padEnd(250_000, 'x')}`],
  ])('leave nothing behind: %s', async (_name, document) => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const send = async (from: number, to: number) => {
      for (let i = from; i < to; i++) await (await server.post({ query: document(i) })).text();
      collect();
      return process.memoryUsage().heapUsed;
    };
    const before = await send(0, 20);
    expect((await send(20, 220)) - before).toBeLessThan(20_000_000);
  });
});

describe('ids that nobody gave out', () => {
  it.each([['no id at all'], [btoa('Nothing:1')], [btoa('Image:1')], [btoa('Generation:1')], [btoa('Model:1')], ['']])(
    'node(id: "%s") is null, and no line in the log',
    async (id) => {
      const before = server.log.length;
      expect(await server.ask('query($id: ID!) { node(id: $id) { id } }', { id })).toEqual({ node: null });
      expect(server.log.length).toBe(before);
    },
  );
});

describe('what goes wrong beside GraphQL', () => {
  it('is told without a word of where or why, and logged whole', async () => {
    const response = await fetch(`${url}/images/${'0'.repeat(64)}`);
    expect([response.status, response.headers.get('cache-control')]).toEqual([500, 'no-store']);
    expect(await response.text()).not.toMatch(/hunter2|secret|\.ts|at /);
    expect(server.log.join('')).toContain('hunter2');
  });

  it.each([
    ['a Host that is none', 'GET /healthz HTTP/1.1\r\nHost: a b{}\r\nConnection: close\r\n\r\n', 400],
    [
      'one that is too long',
      'POST /graphql HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 999999\r\nConnection: close\r\n\r\n{',
      413,
    ],
  ])('%s is refused without a stack', async (_name, request, status) => {
    const answer = await overTheWire(url, request);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).not.toMatch(/\n\s+at |node_modules/);
  });
});

describe('a WebSocket', () => {
  const open = (headers: Record<string, string> = {}) =>
    new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', { headers });
  /** Sends after the server has welcomed, and resolves with the first message of that type. */
  const converse = (socket: WebSocket, messages: readonly object[], until: string) =>
    new Promise<Record<string, unknown>>((resolve, reject) => {
      socket.on('open', () => socket.send('{"type":"connection_init"}'));
      socket.on('message', (data) => {
        const message = JSON.parse(String(data)) as Record<string, unknown>;
        if (message.type === 'connection_ack') for (const next of messages) socket.send(JSON.stringify(next));
        if (message.type === until) resolve(message);
      });
      socket.on('error', reject);
      socket.on('close', (code) => reject(new Error(`closed with ${code}`)));
    });
  const operation = (id: string, query: string, variables: object = {}) => ({
    id,
    type: 'subscribe',
    payload: { query, variables },
  });

  it.each([
    ["another site's page", { origin: 'https://evil.example' }, false],
    ['a page that is no site', { origin: 'null' }, false],
    ['our own page', {}, true],
    ["an allowed site's page", { origin: 'https://friend.example' }, true],
    ['a program', undefined, true],
  ])('from %s', async (who, headers, allowed) => {
    const socket = open(who === 'our own page' ? { origin: url } : headers);
    const opened = await converse(socket, [], 'connection_ack').then(
      () => true,
      (error: Error) => error.message,
    );
    socket.terminate();
    expect(opened).toBe(allowed || 'Unexpected server response: 403');
  });

  it('whose document cannot be read keeps its other operations', async () => {
    const socket = open();
    const messages = [operation('1', '{ models {'), operation('2', '{ models { name } }')];
    expect(await converse(socket, messages, 'next')).toMatchObject({ id: '2', payload: { data: { models: [{}] } } });
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.terminate();
  });

  it('has a hundred operations open at once and no more; each that ends makes room', async () => {
    const begun = 'mutation($input: GenerateInput!) { generate(input: $input) { ... on Generation { id } } }';
    const { generate } = await server.ask<{ generate: { id: string } }>(begun, { input: { ...long, seed: 99 } });
    const socket = open();
    const watch = (id: string) =>
      operation(id, 'subscription($id: ID!) { generationProgress(id: $id) { sequence } }', generate);
    const hundred = Array.from({ length: 100 }, (_, i) => watch(`s${i}`));
    expect(await converse(socket, [...hundred, watch('one more')], 'error')).toMatchObject({
      id: 'one more',
      payload: [{ extensions: { code: 'TOO_MANY_OPERATIONS' } }],
    });
    const answered = new Promise((resolve) =>
      socket.on('message', (data) => String(data).includes('"models"') && resolve(true)),
    );
    socket.send('{"type":"complete","id":"s7"}');
    socket.send(JSON.stringify(operation('room', '{ models { name } }')));
    expect(await answered).toBe(true);
    socket.terminate();
    await server.ask('mutation($id: ID!) { cancel(id: $id) { __typename } }', generate);
  });

  it('that closes before it was told the id stops the work', async () => {
    const seed = 4711;
    const generate = `mutation($input: GenerateInput!) { generate(input: $input, waitMs: 60000) { __typename } }`;
    const socket = open();
    await converse(socket, [operation('1', generate, { input: { ...long, seed } })], 'connection_ack');
    await new Promise((resolve) => setTimeout(resolve, 400));
    socket.terminate();
    await new Promise((resolve) => setTimeout(resolve, 400));
    const again = await server.ask<{ generate: { id: string; cache: string } }>(
      'mutation($input: GenerateInput!) { generate(input: $input) { ... on Generation { id cache } } }',
      { input: { ...long, seed } },
    );
    expect(again.generate.cache).toBe('MISS');
    await server.ask('mutation($id: ID!) { cancel(id: $id) { __typename } }', { id: again.generate.id });
  });
});

describe('GraphiQL behind a key', () => {
  it('sends to the form', async () => {
    const locked = await openServer({ env: { ACCESS_KEY: 'a key that nobody guesses' } });
    const response = await locked.fetch(
      new Request(`${origin}/graphql`, { headers: { accept: 'text/html' }, redirect: 'manual' }),
    );
    expect([response.status, response.headers.get('location')]).toEqual([303, '/login']);
    await locked.close();
  });
});
