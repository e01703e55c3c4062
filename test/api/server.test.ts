import { createHash } from 'node:crypto';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { httpSection } from '../../src/http/config.js';
import { limits } from '../../src/http/graphql/limits.js';
import { isTelemetryWanted } from '../../src/telemetry/sdk.js';
import { newFolder } from '../generation/open-studio.js';
import { changed, house, long, openServer, operation, origin, type TestServer } from './server.js';

let server: TestServer;
let failing = false;
beforeAll(async () => {
  server = await openServer({
    env: { BODY_LIMIT_BYTES: '20000' },
    wrap: (service) =>
      changed(service, {
        models(caller) {
          if (failing) throw new Error('the password is hunter2, in /etc/secret');
          return service.models(caller);
        },
      }),
  });
});
afterAll(() => server.close());

const errorsOf = async (query: string) =>
  ((await (await server.post({ query })).json()) as { errors?: { message: string; extensions?: { code?: string } }[] })
    .errors ?? [];

describe('an answer of the API', () => {
  it('is kept by nobody, however it was asked for', async () => {
    const get = await server.fetch(new Request(`${origin}/graphql?query={models{name}}`));
    const post = await server.post({ query: '{ models { name } }' });
    for (const { status, headers } of [get, post])
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
  });
});

describe('limits', () => {
  it.each([
    ['aliases', `{ ${Array.from({ length: limits.aliases + 1 }, (_, i) => `a${i}: models { name }`).join(' ')} }`],
    [
      'mutations',
      `mutation { ${Array.from({ length: limits.mutations + 1 }, (_, i) => `m${i}: cancel(id: "x") { __typename }`).join(' ')} }`,
    ],
    ['fields', `{ models { ${'name '.repeat(limits.fields + 1)} } }`],
    ['fields', `{ ${'...a '.repeat(30)} } fragment a on Query { ${'models { name } '.repeat(20)} }`],
  ])('too many %s are refused with TOO_COMPLEX', async (what, query) => {
    const [error] = await errorsOf(query);
    expect(error!.extensions).toEqual({ code: 'TOO_COMPLEX' });
    expect(error!.message).toMatch(new RegExp(`^Expected at most \\d+ ${what} .* but received \\d+\\.$`));
  });

  it('too deep a question is refused with TOO_COMPLEX', async () => {
    const levels = `${'{ interfaces '.repeat(limits.depth)}{ name }${' }'.repeat(limits.depth)}`;
    // No type of this schema nests for ever, so the question is one that the schema refuses as well: both are said.
    const errors = await errorsOf(`{ models ${levels} }`);
    expect(errors.map(({ extensions }) => extensions?.code)).toContain('TOO_COMPLEX');
  });

  it('a long document is refused with TOO_COMPLEX, and not even parsed', async () => {
    // Its end is no GraphQL, which nobody gets to see.
    const [error] = await errorsOf(`{ ${'models { name } '.repeat(600)} }}}`);
    expect(error!.extensions).toEqual({ code: 'TOO_COMPLEX' });
    expect(error!.message).toBe(`Expected at most ${limits.tokens} tokens in a document but received more.`);
  });

  it('a long request is not read', async () => {
    const response = await server.post(
      { query: '{ models { name } }', padding: 'x'.repeat(20_000) },
      { 'content-length': '20100' },
    );
    expect(response.status).toBe(413);
  });

  it('introspection, as GraphiQL asks for it, is within them', async () => {
    const { getIntrospectionQuery } = await import('graphql');
    expect(await errorsOf(getIntrospectionQuery())).toEqual([]);
  });
});

describe('a failure that nobody expected', () => {
  it('is masked for the client and whole in the log', async () => {
    failing = true;
    const before = server.log.length;
    const response = await server.post({ query: '{ models { name } }' });
    failing = false;
    const body = await response.text();
    expect(body).toContain('Something went wrong on our side');
    expect(body).not.toMatch(/hunter2|secret|\.ts|stack/);
    expect(server.log.slice(before)).toEqual([expect.stringContaining('hunter2')]);
  });
});

describe('health', () => {
  it('is alive at once, and ready when the model is loaded', async () => {
    expect((await server.fetch(new Request(`${origin}/healthz`))).status).toBe(200);
    await server.ask(operation('generate'), { input: house });
    expect((await server.fetch(new Request(`${origin}/readyz`))).status).toBe(200);
  });

  it('is not ready before', async () => {
    const cold = await openServer({
      wrap: (service) => changed(service, { ready: () => false }),
    });
    const response = await cold.fetch(new Request(`${origin}/readyz`));
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    await cold.close();
  });
});

describe('addresses', () => {
  const urlWith = async (env: Record<string, string>, headers: Record<string, string> = {}) => {
    const other = await openServer({ env });
    const response = await other.post(
      {
        query:
          'mutation($i: GenerateInput!) { generate(input: $i, waitMs: 60000) { ... on Generation { images { url } } } }',
        variables: { i: house },
      },
      headers,
    );
    const { data } = (await response.json()) as { data: { generate: { images: { url: string }[] } } };
    await other.close();
    return data.generate.images[0]!.url;
  };

  it("begin with the request's host, PUBLIC_URL, or what a trusted proxy says", async () => {
    expect(await urlWith({}, { 'x-forwarded-host': 'evil.example' })).toMatch(/^http:\/\/inkstone\.test\/images\//);
    expect(await urlWith({ PUBLIC_URL: 'https://cdn.example/' })).toMatch(/^https:\/\/cdn\.example\/images\//);
    expect(
      await urlWith({ TRUST_PROXY: 'true' }, { 'x-forwarded-host': 'images.example', 'x-forwarded-proto': 'https' }),
    ).toMatch(/^https:\/\/images\.example\/images\//);
  });
});

describe('GraphiQL and the page', () => {
  it('GraphiQL needs nothing from elsewhere', async () => {
    const response = await server.fetch(new Request(`${origin}/graphql`, { headers: { accept: 'text/html' } }));
    const page = await response.text();
    expect(page).toContain('GraphiQL');
    expect(page.match(/<(?:script|link)[^>]+(?:src|href)="https?:/g)).toBeNull();
    const policy = response.headers.get('content-security-policy');
    expect(policy).toMatch(/default-src 'none'; script-src( 'sha256-[\w+/=]{44}')+;.* frame-ancestors 'none'/);
    expect(policy).not.toMatch(/script-src[^;]*(unsafe|https?:)/);
  });

  it('the page is served with a strict policy and an ETag', async () => {
    const page = await server.fetch(new Request(`${origin}/`));
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const again = await server.fetch(
      new Request(`${origin}/`, { headers: { 'if-none-match': page.headers.get('etag')! } }),
    );
    expect(again.status).toBe(304);
  });
});

describe('stopping', () => {
  it.each(['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0'])(
    'cuts what is still watched in %s, never completes it, and closes',
    async (accept) => {
      const stopping = await openServer();
      const { url } = await stopping.listening();
      const { generate } = await stopping.ask<{ generate: { id: string } }>(operation('start'), {
        input: { ...long, seed: 1 },
      });
      const stream = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ query: operation('progress'), variables: { id: generate.id } }),
      });
      // A reader that was told of an end would not come back for the rest.
      const text = stream.text();
      const told = text.then(
        (whole) => whole,
        () => 'cut',
      );
      await stopping.close();
      expect(await told).toBe('cut');
      await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    },
  );

  it('goes on with what ran when it is started again', async () => {
    const DATA_DIR = newFolder();
    const stopping = await openServer({ env: { DATA_DIR } });
    const { generate } = await stopping.ask<{ generate: { id: string } }>(operation('start'), {
      input: { ...long, seed: 1 },
    });
    await stopping.close();
    const again = await openServer({ env: { DATA_DIR } });
    const { generation } = await again.ask<{ generation: { status: string } }>(
      'query($id: ID!) { generation(id: $id) { status } }',
      generate,
    );
    expect(['QUEUED', 'RUNNING']).toContain(generation.status);
    await again.ask(operation('cancel'), generate);
    await again.close();
  });

  it('closes a WebSocket with 1001 and completes nothing on it that has not ended', async () => {
    const stopping = await openServer();
    const { url } = await stopping.listening();
    const { generate } = await stopping.ask<{ generate: { id: string } }>(operation('start'), {
      input: { ...long, seed: 1 },
    });
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    const types: string[] = [];
    const payload = { query: operation('progress'), variables: { id: generate.id } };
    const watching = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        const { type } = JSON.parse(String(data)) as { type: string };
        types.push(type);
        if (type === 'connection_ack') socket.send(JSON.stringify({ id: '1', type: 'subscribe', payload }));
        if (type === 'next') resolve();
      });
    });
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.on('open', () => socket.send(JSON.stringify({ type: 'connection_init' })));
    await watching;
    await stopping.close();
    expect(await closed).toBe(1001);
    expect(types).not.toContain('complete');
  });
});

describe('tracing', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  let traced: TestServer;
  beforeAll(async () => {
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    traced = await openServer({ traced: true });
  });
  afterAll(async () => {
    await traced.close();
    trace.disable();
    context.disable();
    propagation.disable();
  });

  it('is one trace from the HTTP request through the operation to each step', async () => {
    const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
    await traced.post(
      { query: operation('generate'), variables: { input: house } },
      { traceparent: `00-${traceId}-00f067aa0ba902b7-01` },
    );
    await provider.forceFlush();
    const spans = exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
    const names = spans.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining(['POST /graphql', 'mutation', 'generation', 'queue', 'denoise', 'decode', 'step']),
    );
    expect(names.filter((name) => name === 'step')).toHaveLength(4);
    const byId = new Map(spans.map((span) => [span.spanContext().spanId, span]));
    const ancestors = (span: (typeof spans)[number]): string[] => {
      const parent = byId.get(span.parentSpanContext?.spanId ?? '');
      return parent === undefined ? [] : [parent.name, ...ancestors(parent)];
    };
    const step = spans.find(({ name }) => name === 'step')!;
    expect(ancestors(step)).toEqual(expect.arrayContaining(['denoise', 'generation', 'mutation', 'POST /graphql']));
  });

  it.each([
    ['POST', '/graphql', 403, 'POST /graphql'],
    ['GET', '/schema.graphql', 200, 'GET /schema.graphql'],
    ['GET', `/images/${'0'.repeat(64)}?token=1`, 400, 'GET /images/{id}'],
    ['GET', '/wp-login.php', 404, 'GET'],
  ])('of %s %s says how it was answered (%i), under a name that is one of few', async (method, path, status, name) => {
    const traceId = createHash('md5').update(path).digest('hex');
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    await traced.fetch(new Request(`${origin}${path}`, { method, headers }));
    await provider.forceFlush();
    const [span] = exporter.getFinishedSpans().filter((each) => each.spanContext().traceId === traceId);
    expect(span).toMatchObject({ name, attributes: { 'http.response.status_code': status } });
    expect(JSON.stringify(span?.attributes)).not.toContain('token');
  });

  it.each(['/healthz', '/readyz'])('of %s there is none', async (path) => {
    const traceId = createHash('md5').update(path).digest('hex');
    const headers = { traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
    await traced.fetch(new Request(`${origin}${path}`, { headers }));
    await provider.forceFlush();
    expect(exporter.getFinishedSpans().filter((each) => each.spanContext().traceId === traceId)).toEqual([]);
  });

  it.each([
    ["operation's extensions", 1],
    ['connection', 2],
  ])('over WebSocket goes on with the trace of the %s', async (from, number) => {
    const traceId = `${number}bf92f3577b34da6a3ce929d0e0e4736`;
    const traceparent = `00-${traceId}-00f067aa0ba902b7-01`;
    const other = { traceparent: `00-${'e'.repeat(32)}-00f067aa0ba902b7-01` };
    const ofOperation = from === 'connection' ? {} : { extensions: { traceparent } };
    const socket = createClient({
      url: `${(await traced.listening()).url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: from === 'connection' ? { traceparent } : other,
    });
    const variables = { input: { ...house, seed: 100 + number } };
    for await (const { errors } of socket.iterate({ query: operation('generate'), variables, ...ofOperation }))
      expect(errors).toBeUndefined();
    await socket.dispose();
    await provider.forceFlush();
    const spans = exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
    expect(spans.map(({ name }) => name)).toEqual(expect.arrayContaining(['generation', 'denoise', 'step']));
  });

  it('starts only when the standard variables ask for it', () => {
    expect(isTelemetryWanted({})).toBe(false);
    expect(isTelemetryWanted({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318' })).toBe(true);
    expect(isTelemetryWanted({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' })).toBe(
      false,
    );
    expect(isTelemetryWanted({ OTEL_TRACES_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'x' })).toBe(false);
  });
});

describe('settings', () => {
  it.each([
    ['PORT', 'eighty'],
    ['PUBLIC_URL', 'ftp://x'],
    ['PUBLIC_URL', 'https://cdn.example/?a=b'],
    ['PUBLIC_URL', 'https://cdn.example/#top'],
    ['PUBLIC_URL', 'https://me:secret@cdn.example'],
    ['ACCESS_KEY', 'short'],
    ['ACCESS_KEY', '一把没有人猜得到的钥匙'],
    ['ACCESS_KEY', 'ends with a space '],
    ['LOG_LEVEL', 'loud'],
  ])('a wrong %s is named', (variable, value) => {
    const { success, error } = httpSection.schema.safeParse({ [variable]: value });
    expect([success, error?.issues[0]?.path]).toEqual([false, [variable]]);
  });

  it('a path in PUBLIC_URL is kept, and a key may be any words', () => {
    const env = { PUBLIC_URL: 'https://cdn.example/ink/', ACCESS_KEY: 'a key that nobody guesses ~' };
    expect(httpSection.schema.parse(env)).toMatchObject({ ...env, PUBLIC_URL: 'https://cdn.example/ink' });
  });
});
