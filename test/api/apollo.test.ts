import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { house, openServer, operation, type TestServer } from './server.js';

/** What Apollo's own client makes of this server: its HTTP link, its multipart reader, its cache. */

let server: TestServer;
let uri: string;
const bodies: string[] = [];
beforeAll(async () => {
  server = await openServer();
  uri = `${(await server.listening()).url}/graphql`;
});
afterAll(() => server.close());

const link = () =>
  new HttpLink({
    uri,
    fetch: (url, init) => {
      bodies.push(String(init?.body ?? url));
      return fetch(url, init);
    },
  });
const client = (...before: ApolloLink[]) =>
  new ApolloClient({ link: ApolloLink.from([...before, link()]), cache: new InMemoryCache() });

interface Event {
  readonly generationProgress: { readonly __typename: string; readonly sequence: number };
}

function watched(id: string): Promise<Event[]> {
  const events: Event[] = [];
  return new Promise((resolve, reject) => {
    client()
      .subscribe<Event>({ query: gql(operation('progress')), variables: { id, after: 0 } })
      .subscribe({
        next: ({ data, error }) => (error === undefined ? events.push(data!) : reject(error)),
        error: reject,
        complete: () => resolve(events),
      });
  });
}

it('watches a generation over its HTTP link, to the last event', async () => {
  const { generate } = await server.ask<{ generate: { id: string } }>(operation('start'), {
    input: { ...house, seed: 1 },
  });
  const told = (await watched(generate.id)).map(({ generationProgress }) => generationProgress);
  expect(told.map(({ sequence }) => sequence)).toEqual(told.map((_, i) => i + 1));
  expect(told.at(-1)!.__typename).toBe('GenerationFinished');
});

it('hears of a refused subscription', async () => {
  await expect(watched('nobody')).rejects.toThrow('No generation has this id.');
});

it.each([true, false])('sends the query after its hash was not taken (by GET: %s)', async (useGETForHashedQueries) => {
  bodies.length = 0;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const hashed = client(new PersistedQueryLink({ sha256, useGETForHashedQueries }));
  const { data } = await hashed.query<{ models: unknown[] }>({ query: gql('query Models { models { id name } }') });
  expect(data!.models).toHaveLength(1);
  expect(bodies).toHaveLength(2);
  // From now on it knows.
  await hashed.query({ query: gql('query Names { models { id family } }') });
  expect(bodies).toHaveLength(3);
});

it('keeps the place of an image that two generations share, in each', async () => {
  const apollo = client();
  const draw = (seed: number, count: number) =>
    apollo.mutate({
      mutation: gql(`mutation($i: GenerateInput!) {
        generate(input: $i, waitMs: 60000) { ... on Generation { id imageEdges { index node { id seed } } } }
      }`),
      variables: { i: { ...house, seed, count } },
    });
  const places = async ({ data }: Awaited<ReturnType<typeof draw>>) => {
    const query = gql('query($id: ID!) { generation(id: $id) { id imageEdges { index node { id seed } } } }');
    const { id } = (data as { generate: { id: string } }).generate;
    const fromCache = await apollo.query<{ generation: { imageEdges: { index: number; node: { seed: number } }[] } }>({
      query,
      variables: { id },
    });
    return fromCache.data!.generation.imageEdges.map(({ index, node }) => [index, node.seed]);
  };
  const [two, one] = [await draw(30, 2), await draw(31, 1)];
  expect(await places(two)).toEqual([
    [0, 30],
    [1, 31],
  ]);
  expect(await places(one)).toEqual([[0, 31]]);
});
