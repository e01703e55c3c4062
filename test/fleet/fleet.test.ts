import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Cluster, startCluster } from '../../infra/cluster/cluster.js';
import { broken, Client } from '../faults/client.js';
import { missing } from './installed.js';

describe.skipIf(missing !== null)(`a fleet${missing === null ? '' : ` (skipped: ${missing})`}`, () => {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await startCluster({ api: 2, work: 1, env: { PROGRESS_HEARTBEAT_MS: '1000' } });
  }, 180_000);
  afterAll(() => cluster?.stop());

  const small = { prompt: 'a cat', width: 64, height: 64 };
  const ask = async (url: string, query: string, variables: object = {}) => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return ((await response.json()) as { data: Record<string, unknown> }).data;
  };
  const generate =
    'mutation($input: GenerateInput!, $waitMs: Int) { generate(input: $input, waitMs: $waitMs) { __typename ... on Generation { id status cache images { id url } } ... on Problem { message } } }';
  const until = async (holds: () => Promise<boolean>) => {
    for (let i = 0; i < 400; i++) {
      if (await holds().catch(() => false)) return;
      await sleep(50);
    }
    throw new Error('It did not come to hold.');
  };
  const ready = async (url: string) => (await fetch(`${url}/readyz`)).status === 200;

  it('answers a repeat from any of its API processes, with one address', async () => {
    const [one, other] = cluster.api;
    const first = await ask(one!.url, generate, { input: { ...small, seed: 1 }, waitMs: 60_000 });
    const again = await ask(other!.url, generate, { input: { ...small, seed: 1 }, waitMs: 60_000 });
    expect(first.generate).toMatchObject({ status: 'SUCCEEDED', cache: 'MISS' });
    expect(again.generate).toMatchObject({
      status: 'SUCCEEDED',
      cache: 'HIT',
      images: (first.generate as { images: never }).images,
    });
    const { images } = first.generate as { images: { url: string }[] };
    expect((await fetch(images[0]!.url)).status).toBe(200);
  });

  it('tells a generation, its progress and its end by whichever process is asked', async () => {
    const everywhere = [...cluster.api.map(({ url }) => url), cluster.nginx.url];
    const client = new Client(() => everywhere);
    await Promise.all(Array.from({ length: 12 }, (_, i) => client.generate({ ...small, seed: 100 + i })));
    await client.settled(60_000);
    expect(await broken(client, () => [cluster.nginx.url])).toEqual([]);
    expect(client.refused).toBe(0);
  });

  it('makes 50 identical requests over all processes in one job', async () => {
    const input = { ...small, seed: 2 };
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => ask(cluster.api[i % 2]!.url, generate, { input, waitMs: 60_000 })),
    );
    const outcomes = answers.map(({ generate }) => (generate as { cache: string }).cache);
    expect(outcomes.filter((outcome) => outcome === 'MISS')).toHaveLength(1);
    expect(new Set(answers.map(({ generate }) => (generate as { images: { id: string }[] }).images[0]!.id)).size).toBe(
      1,
    );
  });

  it('lists its models and counts tokens in processes that have none', async () => {
    const { models } = await ask(cluster.api[0]!.url, '{ models { name loras { key } } }');
    expect((models as { name: string }[]).map(({ name }) => name)).toContain('Inkling Turbo');
    const query = '{ promptAdvice(prompt: "a red cat") { ... on PromptAdvice { tokens } } }';
    expect((await ask(cluster.api[1]!.url, query)).promptAdvice).toEqual({ tokens: expect.any(Number) });
  });

  it('is not ready while what it needs is away, and is again by itself', async () => {
    const url = cluster.api[0]!.url;
    for (const part of [cluster.redis, cluster.postgres, cluster.s3]) {
      part.signal('SIGKILL');
      await until(async () => !(await ready(url)));
      await part.start();
      await until(() => ready(url));
    }
    const after = await ask(url, generate, { input: { ...small, seed: 3 }, waitMs: 60_000 });
    expect(after.generate).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('keeps what it computed while S3 is away', async () => {
    const addresses = () => cluster.api.map(({ url }) => url);
    const client = new Client(addresses);
    const asking = Promise.all(Array.from({ length: 4 }, (_, i) => client.generate({ ...small, seed: 400 + i })));
    await sleep(100);
    cluster.s3.signal('SIGKILL');
    await asking;
    await sleep(1500);
    await cluster.s3.start();
    await client.settled(60_000);
    expect(await broken(client, addresses)).toEqual([]);
  });

  it('loses nothing to the death of a worker and of an API process in mid-job', async () => {
    const living = () => cluster.api.map(({ url }) => url).slice(1);
    const client = new Client(living);
    const asking = Promise.all(
      Array.from({ length: 8 }, (_, i) => client.generate({ ...small, seed: 200 + i, steps: 8 })),
    );
    await sleep(400);
    cluster.work[0]!.signal('SIGKILL');
    await asking;
    const doomed = new Client(() => [cluster.api[0]!.url]);
    await doomed.generate({ ...small, seed: 300 });
    cluster.api[0]!.signal('SIGKILL');
    // Its subscriber comes back to another process.
    const orphan = new Client(living);
    orphan.follow(doomed.accepted[0]!.id);
    await cluster.addWorker();
    await Promise.all([client.settled(90_000), orphan.settled(90_000)]);
    expect([...(await broken(client, living)), ...(await broken(orphan, living))]).toEqual([]);
  });
});
