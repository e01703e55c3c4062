import { createHmac } from 'node:crypto';
import { createClient } from 'graphql-ws';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { follow, type GenerateRecipe, sign } from '../../src/client/index.js';
import { httpSection } from '../../src/http/config.js';
import { createServer, type Listening } from '../../src/http/server.js';
import { openServer, type TestServer } from '../api/server.js';
import { tinyTurbo } from '../engine/checkpoints.js';
import { type Edge, edges, PURGE_SECRET, REFRESH } from './edges.js';
import { type Gate, openGate } from './gate.js';

const key = { id: 'site', secret: 'a secret of the site' };
const keys = `${key.id}:${key.secret}`;
const env = { RENDER_KEYS: keys, RENDER_RATE: '1000' };
const house: GenerateRecipe = {
  ...{ operation: 'generate', model: tinyTurbo().id, prompt: 'a red house', width: 96, height: 64 },
  ...{ steps: 1, guidance: 0, seed: 0 },
};

let server: TestServer;
/** The same program, whose images are fresh for one second. */
let brief: Listening;
beforeAll(async () => {
  server = await openServer({ env });
  const settings = httpSection.schema.parse({
    ...env,
    PORT: '0',
    RENDER_EDGE_SECONDS: '1',
    RENDER_BROWSER_SECONDS: '0',
  });
  brief = await createServer({ service: server.service, settings, log: pino({ level: 'silent' }) }).listen();
});
afterAll(() => server.close());

describe.each(edges.filter((edge) => edge.installed))('$name before the program', (kind) => {
  let edge: Edge;
  let gate: Gate;
  let briefEdge: Edge;
  let briefGate: Gate;
  beforeAll(async () => {
    gate = await openGate((await server.listening()).url);
    edge = await kind.start(gate.url, keys);
    briefGate = await openGate(brief.url);
    briefEdge = await kind.start(briefGate.url, keys);
  });
  afterAll(() => Promise.all([edge, briefEdge, gate, briefGate].map((part) => part?.close())));

  let seed = kind.name.length * 1000;
  /** Of an image that was never asked for. */
  const fresh = (extension: 'auto' | 'webp' | 'png' = 'webp') => sign({ ...house, seed: seed++ }, key, { extension });
  const get = (path: string, headers: Record<string, string> = {}, method = 'GET', from = edge) =>
    fetch(from.url + path, { method, headers, redirect: 'manual' });
  const statusOf = (response: Response) => response.headers.get('cache-status')?.replace(/^inkstone-edge; /, '');
  const bytes = async (response: Response) => Buffer.from(await response.arrayBuffer());

  it('asks the program once where 200 readers come first, and makes one image', async () => {
    const path = await fresh();
    gate.passed.length = 0;
    const responses = await Promise.all(Array.from({ length: 200 }, () => get(path)));
    expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([200]));
    const bodies = await Promise.all(responses.map(bytes));
    expect(bodies.every((body) => body.equals(bodies[0]!))).toBe(true);
    expect(gate.passed).toEqual([`GET ${path}`]);
  });

  it('answers repeats by itself, and says so', async () => {
    const path = await fresh();
    const first = await get(path);
    expect([first.status, statusOf(first)]).toEqual([200, 'fwd=miss']);
    gate.passed.length = 0;
    const again = await get(path);
    expect([again.status, statusOf(again)]).toEqual([200, 'hit']);
    expect(again.headers.get('server-timing')).toContain('edge');
    expect((await bytes(again)).equals(await bytes(first))).toBe(true);
    expect(gate.passed).toEqual([]);
  });

  it('goes on with what it has while the program is away', async () => {
    const [known, unknown] = [await fresh(), await fresh()];
    await bytes(await get(known));
    gate.shut = true;
    try {
      expect((await get(known)).status).toBe(200);
      expect((await get(unknown)).status).toBe(502);
    } finally {
      gate.shut = false;
    }
    expect((await get(unknown)).status).toBe(200);
  });

  it('shows what is stale while it asks again, and where nothing answers', async () => {
    const path = await fresh();
    const ask = () => get(path, {}, 'GET', briefEdge);
    await bytes(await ask());
    briefGate.shut = true;
    // Its second of freshness is over at some time.
    await expect.poll(async () => statusOf(await ask()), { timeout: 10_000 }).toBe('hit; detail=stale');
    expect((await ask()).status).toBe(200);
    briefGate.shut = false;
    briefGate.passed.length = 0;
    const stale = await Promise.all(Array.from({ length: 50 }, ask));
    expect(new Set(stale.map(({ status }) => status))).toEqual(new Set([200]));
    await expect.poll(() => briefGate.passed.length, { timeout: 10_000 }).toBeGreaterThan(0);
    await expect.poll(async () => statusOf(await ask()), { timeout: 10_000 }).toBe('hit');
  });

  it('answers conditions, ranges and HEAD from what it has', async () => {
    const path = await fresh('png');
    const whole = await get(path);
    const body = await bytes(whole);
    gate.passed.length = 0;
    const etag = whole.headers.get('etag')!;
    expect((await get(path, { 'if-none-match': etag })).status).toBe(304);
    const part = await get(path, { range: 'bytes=10-19' });
    expect([part.status, part.headers.get('content-range')]).toEqual([206, `bytes 10-19/${body.length}`]);
    expect((await bytes(part)).equals(body.subarray(10, 20))).toBe(true);
    expect((await get(path, { range: `bytes=${body.length}-` })).status).toBe(416);
    const head = await get(path, {}, 'HEAD');
    expect([head.status, head.headers.get('content-length')]).toEqual([200, String(body.length)]);
    expect(gate.passed).toEqual([]);
  });

  it.each([
    ['image/avif,image/webp,*/*;q=0.8', 'image/avif'],
    ['image/webp,*/*', 'image/webp'],
    ['image/avif;q=0,image/webp', 'image/webp'],
    ['*/*', 'image/jpeg'],
  ])('chooses by Accept: %s → %s', async (accept, type) => {
    const path = await sign({ ...house, seed: 5 }, key);
    for (const expected of ['any', 'hit']) {
      const response = await get(path, { accept });
      expect([response.status, response.headers.get('content-type')]).toEqual([200, type]);
      expect(response.headers.get('vary')).toContain('Accept');
      if (expected === 'hit') expect(statusOf(response)).toBe('hit');
    }
  });

  it('refuses what is forged, foreign or expired, and keeps nothing of it', async () => {
    const good = await fresh();
    const wrong = [
      good.replace(/^(\/r\/site\/-\/).{22}/, `$1${'A'.repeat(22)}`),
      await sign(house, { ...key, secret: 'a secret of somebody else' }),
      await sign(house, { ...key, id: 'nobody' }),
      await sign(house, key, { expires: new Date('2020-01-01') }),
    ];
    gate.passed.length = 0;
    for (const path of [...wrong, ...wrong]) {
      const response = await get(path);
      expect([response.status, response.headers.get('cache-control')]).toEqual([403, 'no-store']);
    }
    expect(gate.passed.length).toBe(kind.checksSignatures ? 0 : 2 * wrong.length);
  });

  it('keeps one entry however the query is ordered, and none of what is wrong', async () => {
    const path = await fresh();
    const first = await get(`${path}?w=64&q=80`);
    expect(first.status).toBe(200);
    expect(statusOf(await get(`${path}?q=80&w=64`))).toBe('hit');
    for (const query of ['?w=64&w=128', '?w=63', '?x=1', '?w=64&q=80&x=1']) {
      const refused = await get(path + query);
      expect([query, refused.status, refused.headers.get('cache-control')]).toEqual([query, 400, 'no-store']);
    }
    expect((await bytes(await get(`${path}?w=64&q=80`))).equals(await bytes(first))).toBe(true);
  });

  it('is not poisoned by headers that are no part of the key, nor by encoded paths', async () => {
    const path = await fresh();
    const evil = {
      'x-forwarded-host': 'evil.test',
      'x-forwarded-proto': 'ftp',
      'x-original-url': '/',
      forwarded: 'host=evil.test',
    };
    const poisoned = await get(path, {
      ...evil,
      origin: 'https://evil.test',
      cookie: 'a=b',
      authorization: 'Bearer x',
    });
    expect(poisoned.status).toBe(200);
    const clean = await get(path);
    expect(statusOf(clean)).toBe('hit');
    expect(JSON.stringify([...clean.headers])).not.toContain('evil');
    const encoded = await get(path.replace('/-/', '%2F-/'));
    expect([encoded.status, statusOf(encoded) === 'hit']).toEqual([404, false]);
  });

  it('keeps placeholders only of images that exist', async () => {
    const path = await fresh();
    const plain = await get(`${path}?placeholder`);
    expect([plain.status, plain.headers.get('cache-control')]).toEqual([200, 'no-store']);
    await bytes(await get(path));
    const blurred = await get(`${path}?placeholder`);
    expect(blurred.headers.get('cache-control')).toContain('s-maxage');
    expect(statusOf(await get(`${path}?placeholder`))).toBe('hit');
  });

  it.runIf(kind.purgesByTag)(
    'purges by tag where that is signed: softly what is kept is shown once more, else it is not',
    async () => {
      const path = await fresh();
      const tags = (await get(path)).headers
        .get('cache-tag')!
        .split(',')
        .filter((tag) => tag.startsWith('image-'));
      const purge = (soft: boolean, secret = PURGE_SECRET) => {
        const body = JSON.stringify({ type: 'purge', timestamp: new Date().toISOString(), data: { tags, soft } });
        const timestamp = String(Math.floor(Date.now() / 1000));
        const raw = Buffer.from(secret.slice('whsec_'.length), 'base64');
        const signature = createHmac('sha256', raw).update(`msg_1.${timestamp}.${body}`).digest('base64');
        const headers = {
          'webhook-id': 'msg_1',
          'webhook-timestamp': timestamp,
          'webhook-signature': `v1,${signature}`,
        };
        return fetch(`${edge.url}/.edge/purge`, { method: 'POST', headers, body });
      };
      expect((await purge(false, 'whsec_AAAA')).status).toBe(403);
      expect(statusOf(await get(path))).toBe('hit');
      expect((await purge(false)).status).toBe(204);
      expect(statusOf(await get(path))).toBe('fwd=miss');
      expect(statusOf(await get(path))).toBe('hit');
      expect((await purge(true)).status).toBe(204);
      expect(statusOf(await get(path))).toBe('hit; detail=stale');
      await expect.poll(async () => statusOf(await get(path))).toBe('hit');
    },
  );

  it.runIf(!kind.purgesByTag)('fetches an address again where that is asked for with the secret', async () => {
    const path = await fresh();
    await bytes(await get(path));
    expect(statusOf(await get(path, { 'x-edge-refresh': 'a guess' }))).toBe('hit');
    expect(statusOf(await get(path, { 'x-edge-refresh': REFRESH }))).toBe('fwd=bypass');
    expect(statusOf(await get(path))).toBe('hit');
  });

  it('lets event streams and WebSockets through', async () => {
    const query = 'mutation { generate(input: { prompt: "a red house", steps: 3 }) { ... on Generation { id } } }';
    const response = await fetch(`${edge.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    });
    const { data } = (await response.json()) as { data: { generate: { id: string } } };
    const seen: string[] = [];
    for await (const event of follow(data.generate.id, { base: edge.url })) seen.push(event.__typename);
    expect(seen.at(-1)).toBe('GenerationFinished');
    const client = createClient({
      url: `${edge.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
    });
    const subscription = `subscription { generationProgress(id: "${data.generate.id}") { __typename } }`;
    const heard: unknown[] = [];
    for await (const event of client.iterate({ query: subscription })) heard.push(event.data);
    await client.dispose();
    expect(heard.at(-1)).toEqual({ generationProgress: { __typename: 'GenerationFinished' } });
  });

  it('keeps images by address too', async () => {
    const tag = (await get(await fresh())).headers.get('cache-tag')!;
    const path = `/images/${/image-([0-9a-f]{64})/.exec(tag)![1]}`;
    expect((await get(path, { accept: 'image/webp' })).headers.get('content-type')).toBe('image/webp');
    expect(statusOf(await get(path, { accept: 'image/webp' }))).toBe('hit');
    expect((await get(path, { accept: '*/*' })).headers.get('content-type')).toBe('image/jpeg');
  });
});
