import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rawId } from '../../schema/ids.js';
import { anonymous } from '../../src/domain/caller.js';
import { cannotMount, mountSmallDisk, type SmallDisk } from '../generation/small-disk.js';
import { house, openServer, origin, type TestServer } from './server.js';

/** What clients and operators see of a full disk. */

interface Told {
  readonly __typename: string;
  readonly id?: string;
  readonly cache?: string;
  readonly images?: readonly { readonly url: string }[];
  readonly problem?: object | null;
}

const skipped = cannotMount === null ? '' : ` (skipped: ${cannotMount})`;
const fields = 'id cache images { url } problem { __typename retryable code }';
const unavailable = { __typename: 'StorageUnavailable', retryable: true, code: 'STORAGE_UNAVAILABLE' };

describe.skipIf(cannotMount !== null)(`on a full disk${skipped}`, () => {
  let disk: SmallDisk;
  let server: TestServer;
  beforeEach(async () => {
    disk = mountSmallDisk(8);
    server = await openServer({ env: { DATA_DIR: disk.folder } });
    await generate(house);
  });
  afterEach(async () => {
    await server.close();
    disk.unmount();
  });

  async function generate(input: object, waitMs = 60_000): Promise<Told> {
    const { result } = await server.ask<{ result: Told }>(
      `mutation($i: GenerateInput!, $w: Int!) { result: generate(input: $i, waitMs: $w) {
        __typename ... on Generation { ${fields} } ... on Problem { retryable code } } }`,
      { i: input, w: waitMs },
    );
    return result;
  }
  async function ended(id: string): Promise<Told> {
    const signal = new AbortController().signal;
    for await (const event of server.service.progress(anonymous, rawId('Generation', id), 0, signal)) void event;
    const { generation } = await server.ask<{ generation: Told }>(
      `query($id: ID!) { generation(id: $id) { ${fields} } }`,
      { id },
    );
    return generation;
  }

  it('remembered images are answered and served, and new ones are refused as retryable data', async () => {
    disk.fill();
    for (const cache of ['DEFAULT', 'ONLY']) {
      const { cache: outcome, images } = await generate({ ...house, cache });
      expect(outcome).toBe('HIT');
      expect((await server.fetch(new Request(`${images![0]!.url}.jpg?w=32`))).status).toBe(200);
    }
    expect(await generate({ ...house, seed: 99, cache: 'ONLY' })).toMatchObject({ __typename: 'NotCached' });
    expect(await generate({ ...house, seed: 99 })).toEqual(unavailable);
    expect((await generate({ ...house, cache: 'ONLY' })).cache).toBe('HIT');
  });

  it('a generation that had begun before ends as retryable data', async () => {
    const { id } = await generate({ ...house, width: 256, height: 256, steps: 30 }, 0);
    disk.fill();
    expect((await ended(id!)).problem).toEqual(unavailable);
  });

  it('/readyz says so at the first question, in a sentence, while /healthz stays as it is', async () => {
    disk.fill();
    const answer = await server.fetch(new Request(`${origin}/readyz`));
    expect([answer.status, await answer.text()]).toEqual([503, 'Nothing can be stored.\n']);
    expect((await server.fetch(new Request(`${origin}/healthz`))).status).toBe(200);
  });
});
