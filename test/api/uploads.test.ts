import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServerAdapter } from '@whatwg-node/server';
import { GraphQLScalarType } from 'graphql';
import { createSchema, createYoga } from 'graphql-yoga';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { useUploads } from '../../src/http/graphql/uploads.js';
import { bodyLimits } from '../../src/http/middleware/body-limits.js';
import { csrfPrevention } from '../../src/http/middleware/csrf.js';
import { handlerOf } from '../../src/http/router.js';
import { overTheWire } from './wire.js';

/** Who got what: uploads over HTTP as the server takes them, with a schema that answers with what it was sent. */
const graphql = createYoga({
  schema: createSchema({
    typeDefs: /* GraphQL */ `
      scalar Upload
      input Image { upload: Upload  more: [Image!]  note: String }
      type Query { none: Int }
      type Mutation { read(image: Image!): String! }
    `,
    resolvers: {
      Upload: new GraphQLScalarType({ name: 'Upload', parseValue: (value) => value }),
      Mutation: {
        read: async (_: unknown, { image }: { image: Image }) => JSON.stringify(await contentOf(image)),
      },
    },
  }),
  plugins: [useUploads({ files: 3, fileBytes: 8000, fieldBytes: 2000 })],
  maxRequestBodySize: false,
  multipart: false,
  logging: false,
});
const protect = [bodyLimits({ BODY_LIMIT_BYTES: 2000, UPLOAD_BYTES: 10_000 }, graphql.fetchAPI), csrfPrevention()];
const api = createServerAdapter<object>(
  handlerOf(protect, [
    {
      path: '/graphql',
      access: 'open',
      refusals: 'graphql',
      takesFiles: true,
      handle: (request, { platform }) => graphql.handleRequest(request, platform as never),
    },
  ]),
);

interface Image {
  readonly upload: Blob | null;
  readonly more?: readonly Image[];
}

async function contentOf({ upload, more }: Image): Promise<unknown> {
  return [await upload?.text(), ...(await Promise.all((more ?? []).map(contentOf)))];
}

let server: Server;
let url: string;
beforeAll(async () => {
  server = createServer(api);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const query = 'mutation($image: Image!) { read(image: $image) }';
const csrf = { 'x-graphql-yoga-csrf': '1' };
const one = {
  operations: { query, variables: { image: { upload: null } } },
  map: { 0: ['variables.image.upload'] },
};

interface Parts {
  readonly operations?: unknown;
  readonly map?: unknown;
  readonly files?: Readonly<Record<string, string>>;
}

function formOf({ operations = one.operations, map = one.map, files = { 0: 'an image' } }: Parts): FormData {
  const form = new FormData();
  const text = (value: unknown) =>
    value instanceof Blob || typeof value === 'string' ? (value as string) : JSON.stringify(value);
  if (operations !== null) form.set('operations', text(operations));
  if (map !== null) form.set('map', text(map));
  for (const [name, content] of Object.entries(files)) form.set(name, new File([content], 'image.png'));
  return form;
}

interface Answer {
  readonly status: number;
  readonly data?: { readonly read: string } | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

async function answerTo(response: Response): Promise<Answer> {
  return { status: response.status, ...((await response.json()) as object) };
}

/** Both ways in: over a socket, with Node's reader, and from a platform that brings its own request. */
const ways: [string, (parts: Parts, headers?: Record<string, string>) => Promise<Answer>][] = [
  [
    'over HTTP',
    async (parts, headers = csrf) => answerTo(await fetch(url, { method: 'POST', headers, body: formOf(parts) })),
  ],
  [
    'without a port',
    async (parts, headers = csrf) => {
      const encoded = new Request('http://any/', { method: 'POST', body: formOf(parts) });
      const body = await encoded.arrayBuffer();
      const length = {
        'content-type': encoded.headers.get('content-type')!,
        'content-length': String(body.byteLength),
      };
      return answerTo(
        await api.fetch('http://any/graphql', { method: 'POST', headers: { ...headers, ...length }, body }),
      );
    },
  ],
];

describe.each(ways)('a request with files, %s', (_way, post) => {
  it('has each file in its place', async () => {
    expect(JSON.parse((await post({})).data!.read)).toEqual(['an image']);
    const image = { upload: null, more: [{ upload: null }, { upload: null }] };
    const map = {
      a: ['variables.image.upload', 'variables.image.more.1.upload'],
      b: ['variables.image.more.0.upload'],
    };
    const { data } = await post({ operations: { query, variables: { image } }, map, files: { a: 'A', b: 'B' } });
    expect(JSON.parse(data!.read)).toEqual(['A', ['B'], ['A']]);
  });

  it('has its operations and its map as fields or as files', async () => {
    const json = (value: unknown) => new File([JSON.stringify(value)], 'blob', { type: 'application/json' });
    const { data } = await post({ operations: json(one.operations), map: json(one.map) });
    expect(JSON.parse(data!.read)).toEqual(['an image']);
    const { status, errors } = await post({ operations: new File(['{'], 'blob') });
    expect([status, errors![0]!.message]).toEqual([
      400,
      'Expected the field `operations` to be JSON but received something else.',
    ]);
    expect((await post({ operations: new File(['x'.repeat(2001)], 'blob') })).status).toBe(413);
  });

  it('needs a header that no form can send', async () => {
    const { status, errors } = await post({}, {});
    expect([status, errors![0]!.extensions!.code]).toEqual([403, 'CSRF_PREVENTED']);
    expect((await post({}, { 'apollo-require-preflight': '1' })).status).toBe(200);
  });

  it.each<[string, Parts, RegExp]>([
    ['has no operations', { operations: null }, /a field `operations` in JSON but received none/],
    ['has operations that are no JSON', { operations: '{' }, /the field `operations` to be JSON/],
    ['has several requests', { operations: [one.operations] }, /`operations` to be one GraphQL request/],
    ['has null for operations', { operations: 'null' }, /`operations` to be one GraphQL request/],
    ['has no map', { map: null }, /a field `map` in JSON but received none/],
    [
      'has a map of something else',
      { map: { 0: 'variables.image.upload' } },
      /`map` to be an object of lists of paths/,
    ],
    ['has a map that is a list', { map: ['variables.image.upload'] }, /`map` to be an object of lists/],
    ['lacks a file of its map', { files: {} }, /a file for each name in `map` but received none for "0"/],
    ['places a field as a file', { map: { operations: ['variables.image.upload'] } }, /a file for each name in `map`/],
    ['leads nowhere', { map: { 0: ['variables.nothing.upload'] } }, /each path in `map` to lead to null/],
    ['leads to a prototype', { map: { 0: ['variables.__proto__.upload'] } }, /each path in `map` to lead to null/],
    [
      'leads to a constructor',
      { map: { 0: ['variables.constructor.prototype.x'] } },
      /each path in `map` to lead to null/,
    ],
    [
      'leads out of the variables',
      { map: { 0: ['query'] } },
      /each path in `map` to lead to null in `operations.variables`/,
    ],
    [
      'places two files at one place',
      { map: { 0: ['variables.image.upload'], 1: ['variables.image.upload'] }, files: { 0: 'A', 1: 'B' } },
      /to lead to null/,
    ],
    [
      'has more paths than files may be',
      { map: { 0: Array(4).fill('variables.image.upload') } },
      /at most 3 paths in `map` but received 4/,
    ],
  ])('that %s is refused', async (_name, parts, sentence) => {
    const { status, errors } = await post(parts);
    expect([status, errors![0]!.extensions!.code]).toEqual([400, 'BAD_REQUEST']);
    expect(errors![0]!.message).toMatch(sentence);
  });

  it.each<[string, Parts]>([
    ['a file too long', { files: { 0: 'x'.repeat(8001) } }],
    ['a file too many', { files: { 0: 'A', 1: 'B', 2: 'C', 3: 'D' } }],
    ['operations too long', { operations: { ...one.operations, extensions: { x: 'x'.repeat(2000) } } }],
    ['a map too long', { map: { ...one.map, x: ['x'.repeat(2000)] } }],
    ['more in all than may be sent', { files: { 0: 'x'.repeat(7000), 1: 'x'.repeat(7000) } }],
  ])('that has %s is refused', async (_name, parts) => {
    const { status, errors } = await post(parts);
    expect([status, errors![0]!.extensions!.code]).toEqual([413, 'TOO_LARGE']);
    expect(errors![0]!.message).toMatch(/^Expected at most .* but received/);
  });

  it('may have a file as long as is allowed', async () => {
    expect((await post({ files: { 0: 'x'.repeat(8000) } })).status).toBe(200);
  });
});

describe('a body', () => {
  const raw = (head: string, body: string) =>
    overTheWire(
      url,
      `POST /graphql HTTP/1.1\r\nHost: a\r\nConnection: close\r\nx-graphql-yoga-csrf: 1\r\n${head}\r\n\r\n${body}`,
    );
  const boundary = 'Content-Type: multipart/form-data; boundary=x\r\n';

  it('in JSON has the small limit still', async () => {
    expect(await raw('Content-Type: application/json\r\nContent-Length: 2001', '{')).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('with files in chunks is read', async () => {
    const encoded = new Request(url, { method: 'POST', body: formOf({}) });
    const body = Buffer.from(await encoded.arrayBuffer()).toString();
    const head = `Content-Type: ${encoded.headers.get('content-type')}\r\nTransfer-Encoding: chunked`;
    const chunks = [...body.matchAll(/.{1,50}/gs)].map(([chunk]) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`);
    expect(await raw(head, `${chunks.join('')}0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 .*an image/s);
  });

  it.each([boundary, 'Content-Type: application/json\r\n'])(
    'in chunks is read no further than is allowed: %j',
    async (type) => {
      const chunk = `3e8\r\n${'x'.repeat(1000)}\r\n`;
      expect(await raw(`${type}Transfer-Encoding: chunked`, `${chunk.repeat(20)}0\r\n\r\n`)).toMatch(
        /^HTTP\/1\.1 413 /,
      );
    },
  );

  it("with files in a platform's own request that does not say how long it is, is read no further than is allowed", async () => {
    const send = (files: Record<string, string>) =>
      api.fetch(new Request('http://any/graphql', { method: 'POST', headers: csrf, body: formOf({ files }) }));
    expect((await send({ 0: 'an image' })).status).toBe(200);
    expect((await send({ 0: 'x'.repeat(7000), 1: 'x'.repeat(7000) })).status).toBe(413);
  });

  it('with files that says it is too long, is refused before it came', async () => {
    expect(await raw(`${boundary}Content-Length: 12001`, '--x\r\n')).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('with files that are none is refused without a word of how it was read', async () => {
    const answer = await raw(`${boundary}Content-Length: 4`, 'abcd');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).not.toMatch(/busboy|node_modules|\n\s+at /i);
  });
});
