import { Client, cacheExchange, fetchExchange, type OperationResult, subscriptionExchange } from '@urql/core';
import { createClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { house, openServer, operation, type TestServer } from './server.js';

/** What urql's own client makes of this server: its fetch exchange, its event streams, its cache, and other clients' transports below it. */

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await openServer();
  url = `${(await server.listening()).url}/graphql`;
});
afterAll(() => server.close());

interface Event {
  readonly generationProgress: { readonly __typename: string; readonly sequence: number };
}

interface Request {
  readonly query: string;
  readonly variables: Record<string, unknown>;
}

const overFetch = () =>
  new Client({ url, preferGetMethod: false, exchanges: [cacheExchange, fetchExchange], fetchSubscriptions: true });

const overSse = () => subscribingBy(createClient({ url }));

const overSocket = () =>
  subscribingBy(createSocketClient({ url: url.replace('http', 'ws'), webSocketImpl: WebSocket }));

/** A client whose subscriptions go over another one, as urql's documentation has it. */
function subscribingBy(other: { subscribe(request: Request, sink: never): () => void }): Client {
  return new Client({
    url,
    preferGetMethod: false,
    exchanges: [
      fetchExchange,
      subscriptionExchange({
        forwardSubscription: ({ query, variables }) => ({
          subscribe: (sink) => ({
            unsubscribe: other.subscribe({ query: query!, variables: variables ?? {} }, sink as never),
          }),
        }),
      }),
    ],
  });
}

function watched(client: Client, id: string): Promise<readonly OperationResult<Event>[]> {
  const results: OperationResult<Event>[] = [];
  return new Promise((resolve) => {
    // It ends by itself after the last event.
    client.subscription<Event>(operation('progress'), { id, after: 0 }).subscribe((result) => {
      results.push(result);
      if (result.error === undefined && result.data?.generationProgress.__typename !== 'GenerationFinished') return;
      resolve(results);
    });
  });
}

describe.each([
  ['its fetch exchange', overFetch],
  ['graphql-sse', overSse],
  ['graphql-ws', overSocket],
])('over %s', (_, client) => {
  it('a generation is asked for and watched to its last event', async () => {
    const urql = client();
    const input = { ...house, seed: 41 };
    const { data, error } = await urql.mutation<{ generate: { id: string } }>(operation('start'), { input });
    expect(error).toBeUndefined();
    const events = (await watched(urql, data!.generate.id)).map((result) => result.data?.generationProgress);
    expect(events.map((event) => event?.sequence)).toEqual(events.map((__, i) => i + 1));
  });

  it('a refused subscription has its code', async () => {
    const [refused] = await watched(client(), 'nobody');
    expect(refused?.error?.graphQLErrors[0]).toMatchObject({
      message: 'No generation has this id.',
      extensions: { code: 'NOT_FOUND' },
    });
  });
});

describe('its cache', () => {
  it('answers a query that it knows without asking again', async () => {
    const urql = overFetch();
    const query = '{ models { id name } }';
    const first = await urql.query<{ models: unknown[] }>(query, {});
    const again = await urql.query<{ models: unknown[] }>(query, {});
    expect(first.data?.models).toHaveLength(1);
    expect(again).toMatchObject({ data: first.data, stale: false });
  });
});
