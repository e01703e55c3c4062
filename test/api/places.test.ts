import { afterAll, beforeAll, expect, it } from 'vitest';
import { openServer, operation, type TestServer } from './server.js';

/** Which image of a generation is which. */

let server: TestServer;
beforeAll(async () => {
  server = await openServer();
});
afterAll(() => server.close());

interface Placed {
  readonly generate: {
    readonly id: string;
    readonly status: string;
    readonly imageEdges: readonly {
      readonly index: number;
      readonly node: { readonly id: string; readonly seed: number };
    }[];
  };
}

const generation = '... on Generation { id status imageEdges { index node { id seed } } }';
const draw = async (input: object, waitMs = 60_000) =>
  (
    await server.ask<Placed>(
      `mutation($i: GenerateInput!, $w: Int!) { generate(input: $i, waitMs: $w) { ${generation} } }`,
      {
        i: { prompt: 'a red house', ...input },
        w: waitMs,
      },
    )
  ).generate;

it('an image that two generations share has its place in each', async () => {
  const [alone] = (await draw({ seed: 12 })).imageEdges;
  const three = await draw({ seed: 10, count: 3 });
  expect(three.imageEdges.map(({ index, node }) => [index, node.seed])).toEqual([
    [0, 10],
    [1, 11],
    [2, 12],
  ]);
  expect([alone?.index, three.imageEdges[2]?.node.id]).toEqual([0, alone?.node.id]);
});

it('while others are still missing, an image already has its own place', async () => {
  const size = { width: 256, height: 256 };
  // The last is remembered, so that it is there before the others.
  await draw({ ...size, seed: 52 });
  const begun = await draw({ ...size, seed: 50, count: 3 }, 0);
  expect(begun.status).not.toBe('SUCCEEDED');
  expect(begun.imageEdges.map(({ index, node }) => [index, node.seed])).toEqual([[2, 52]]);
  await server.ask(operation('cancel'), { id: begun.id });
});
