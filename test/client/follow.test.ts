import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FollowRefused, follow } from '../../src/client/index.js';
import { openServer, type TestServer } from '../api/server.js';

let server: TestServer;
let base: string;
beforeAll(async () => {
  server = await openServer({ env: { ACCESS_KEY: 'a key of the server' } });
  base = (await server.listening()).url;
});
afterAll(() => server.close());

const accessKey = 'a key of the server';
const headers = { authorization: `Bearer ${accessKey}` };

async function start(): Promise<string> {
  const query = 'mutation { generate(input: { prompt: "a red house", steps: 8 }) { ... on Generation { id } } }';
  const response = await server.post({ query }, headers);
  return ((await response.json()) as { data: { generate: { id: string } } }).data.generate.id;
}

/** The connection breaks after so many bytes of each answer. */
const breaking =
  (bytes: number): typeof fetch =>
  async (input, init) => {
    const { body, status } = await fetch(input, init);
    let left = bytes;
    const cut = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        controller.enqueue(chunk.subarray(0, left));
        left -= chunk.length;
        if (left < 0) controller.error(new TypeError('terminated'));
      },
    });
    return new Response(body?.pipeThrough(cut) ?? null, { status });
  };

async function collect(events: AsyncIterable<{ readonly sequence: number; readonly __typename: string }>) {
  const seen = [];
  for await (const event of events) seen.push(event);
  return seen;
}

describe('following a generation', () => {
  it('tells every event once and in order, and ends with the last', async () => {
    const seen = await collect(follow(await start(), { base, accessKey }));
    expect(seen.map(({ sequence }) => sequence)).toEqual(seen.map((_, i) => i + 1));
    expect(seen.at(-1)).toMatchObject({ __typename: 'GenerationFinished', generation: { status: 'SUCCEEDED' } });
  });

  it('goes on where it was when the connection breaks', async () => {
    const id = await start();
    const whole = await collect(follow(id, { base, accessKey }));
    let connections = 0;
    const fetch: typeof globalThis.fetch = (input, init) => {
      connections += 1;
      return breaking(1500)(input, init);
    };
    expect(await collect(follow(id, { base, accessKey, fetch, pause: async () => {} }))).toEqual(whole);
    expect(connections).toBeGreaterThan(1);
  });

  it('is refused for good where there is no such generation, or no key', async () => {
    await expect(collect(follow('nothing', { base, accessKey }))).rejects.toThrow('No generation has this id.');
    await expect(collect(follow('nothing', { base }))).rejects.toThrow(FollowRefused);
  });
});
