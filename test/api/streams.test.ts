import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { house, openServer, operation, origin, type TestServer } from './server.js';

/** Subscriptions over HTTP, byte for byte as their protocols have them. */

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

const drawn = async (seed: number) =>
  (await server.ask<{ generate: { id: string } }>(operation('generate'), { input: { ...house, seed } })).generate.id;
const query = 'subscription($id: ID!, $after: Int) { p: generationProgress(id: $id, after: $after) { __typename } }';
const eventSource = (id: string, lastEventId?: string, after = 0) => {
  const parameters = new URLSearchParams({ query, variables: JSON.stringify({ id, after }) });
  const headers = {
    accept: 'text/event-stream',
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  };
  return server.fetch(new Request(`${origin}/graphql?${parameters}`, { headers }));
};
const idsOf = (text: string) => [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));

describe('server-sent events', () => {
  it('carry the sequence as their id, whatever the client selects and calls it', async () => {
    const response = await eventSource(await drawn(1));
    const text = await response.text();
    const ids = idsOf(text);
    expect(ids.length).toBeGreaterThan(5);
    expect(ids).toEqual(ids.map((_, i) => i + 1));
    expect(text).toMatch(/^:\n\nid: 1\nevent: next\ndata: \{"data":\{"p":/);
    expect(text).toMatch(/event: complete\ndata:\n\n$/);
    expect(response.headers.get('cache-control')).toContain('no-store');
  });

  it.each([
    ['2', 0],
    ['2', 1],
    ['1', 2],
  ])('go on after Last-Event-ID %s (after: %i)', async (last, after) => {
    const id = await drawn(20 + 10 * Number(last) + after);
    const all = idsOf(await (await eventSource(id)).text());
    expect(idsOf(await (await eventSource(id, last, after)).text())).toEqual(all.slice(2));
  });

  it.each(['', 'x', '-1', '1e3', '9'.repeat(40)])('begin at the beginning after Last-Event-ID "%s"', async (last) => {
    expect(idsOf(await (await eventSource(await drawn(3), last)).text())[0]).toBe(1);
  });

  it('end with 204 where everything was seen, which keeps a browser from connecting again', async () => {
    const id = await drawn(4);
    const all = idsOf(await (await eventSource(id)).text());
    expect((await eventSource(id, String(all.at(-1)))).status).toBe(204);
    expect((await eventSource(id, String(all.at(-1)! - 1))).status).toBe(200);
  });
});

describe('multipart subscriptions', () => {
  const ask = (id: string, accept: string) => server.post({ query, variables: { id } }, { accept });
  const asked = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0",application/json';

  it('are parts with a payload, between boundaries that end each at once', async () => {
    const response = await ask(await drawn(5), asked);
    expect(response.headers.get('content-type')).toBe('multipart/mixed;boundary="graphql";subscriptionSpec=1.0');
    const text = await response.text();
    expect(text.startsWith('\r\n--graphql\r\ncontent-type: application/json\r\n\r\n{"payload":{"data":{"p":')).toBe(
      true,
    );
    expect(text.endsWith('"GenerationFinished"}}}}\r\n--graphql--\r\n')).toBe(true);
  });

  it.each([
    [
      'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/graphql-response+json,application/json;q=0.9',
      'multipart/mixed',
    ],
    ['multipart/mixed; subscriptionSpec="1.0"', 'multipart/mixed'],
    ['text/event-stream', 'text/event-stream'],
    ['multipart/mixed;subscriptionSpec=1.0;q=0.5, text/event-stream', 'text/event-stream'],
    ['*/*', 'text/event-stream'],
    ['multipart/mixed;deferSpec=20220824, application/json', 'application/json'],
    ['multipart/mixed;subscriptionSpec=2.0, application/json', 'application/json'],
  ])('Accept %s is answered in %s', async (accept, type) => {
    const response = await ask(await drawn(5), accept);
    expect(response.headers.get('content-type')).toContain(type);
    await response.text();
  });

  it('a refusal comes as one JSON answer where that is taken', async () => {
    const response = await ask('nobody', asked);
    expect(response.headers.get('content-type')).toContain('application/json');
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'NOT_FOUND' } }] });
  });
});
