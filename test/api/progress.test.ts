import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createWebSocketClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { house, long, openServer, operation, type TestServer } from './server.js';

interface Progress {
  readonly __typename: string;
  readonly sequence: number;
  readonly at: string;
  readonly step?: number;
  readonly preview?: string | null;
  readonly generation?: { readonly status: string; readonly images: readonly { url: string }[] };
}

type Watch = (id: string, after?: number, until?: (event: Progress) => boolean) => Promise<Progress[]>;

let server: TestServer;
let url: string;
beforeAll(async () => {
  server = await openServer({ env: { PROGRESS_HEARTBEAT_MS: '200' } });
  ({ url } = await server.listening());
});
afterAll(() => server.close());

const start = async (input: Record<string, unknown>) =>
  (await server.ask<{ generate: { id: string } }>(operation('start'), { input })).generate.id;
const statusOf = async (id: string) =>
  (await server.ask<{ generation: { status: string } }>('query($id: ID!) { generation(id: $id) { status } }', { id }))
    .generation.status;

const watchOverSse: Watch = async (id, after = 0, until = () => false) => {
  const client = createSseClient({ url: `${url}/graphql`, retryAttempts: 0 });
  return collect(client.iterate({ query: operation('progress'), variables: { id, after } }), until);
};
const watchOverWebSocket: Watch = async (id, after = 0, until = () => false) => {
  const client = createWebSocketClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  });
  try {
    return await collect(client.iterate({ query: operation('progress'), variables: { id, after } }), until);
  } finally {
    await client.dispose();
  }
};

describe.each([
  ['server-sent events', watchOverSse],
  ['WebSocket', watchOverWebSocket],
])('progress over %s', (name, watch) => {
  const seed = name.length;

  it('tells everything in order, from the queue to the images, and ends', async () => {
    const events = await watch(await start({ ...house, seed }));
    const told = events.filter(({ __typename }) => __typename !== 'Heartbeat');
    expect(told.map(({ sequence }) => sequence)).toEqual(told.map((_, i) => i + 1));
    expect(told[0]!.__typename).toBe('GenerationQueued');
    expect(told.filter(({ __typename }) => __typename === 'StepFinished').map(({ step }) => step)).toEqual([
      1, 2, 3, 4,
    ]);
    expect(told.at(-1)).toMatchObject({ __typename: 'GenerationFinished', generation: { status: 'SUCCEEDED' } });
    expect(Date.parse(told[0]!.at)).toBeGreaterThan(0);
  });

  it('goes on after the last event that was seen, without a gap', async () => {
    const id = await start({ ...house, seed: seed + 100 });
    const all = (await watch(id)).filter(({ __typename }) => __typename !== 'Heartbeat');
    for (const after of [1, 3, all.length - 1])
      expect((await watch(id, after)).map(({ sequence }) => sequence)).toEqual(
        all.slice(after).map(({ sequence }) => sequence),
      );
  });

  it('losing it stops nothing', async () => {
    const id = await start({ ...long, seed });
    const seen = await watch(id, 0, ({ step }) => step === 1);
    expect(seen.at(-1)).toMatchObject({ step: 1 });
    const after = seen.at(-1)!.sequence;
    const later = await watch(id, after, ({ step = 0 }) => step >= 3);
    expect(later.at(-1)).toMatchObject({ step: 3 });
    expect(await statusOf(id)).toBe('RUNNING');
    await server.ask(operation('cancel'), { id });
    expect((await watch(id, after)).at(-1)).toMatchObject({ generation: { status: 'CANCELLED' } });
  });

  it('an unknown id is an error with the code NOT_FOUND', async () => {
    const error = await watch('nobody').then(
      () => null,
      (failure) => failure,
    );
    expect(JSON.stringify(error)).toContain('NOT_FOUND');
  });

  it('beats while nothing happens, with the last sequence', async () => {
    const first = await start({ ...long, seed: seed + 300 });
    const waiting = await start({ ...long, seed: seed + 301 });
    const events = await watch(waiting, 0, ({ __typename }) => __typename === 'Heartbeat');
    expect(events.at(-1)).toMatchObject({ __typename: 'Heartbeat', sequence: events.at(-2)!.sequence });
    for (const id of [waiting, first]) await server.ask(operation('cancel'), { id });
  });
});

async function collect(
  results: AsyncIterable<{ data?: unknown; errors?: readonly unknown[] | undefined }>,
  until: (event: Progress) => boolean,
): Promise<Progress[]> {
  const events: Progress[] = [];
  for await (const { data, errors } of results) {
    if (errors !== undefined) throw Object.assign(new Error('refused'), { errors });
    const event = (data as { generationProgress: Progress }).generationProgress;
    events.push(event);
    if (until(event)) break;
  }
  return events;
}
