import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { installed, type Service, startNginx } from '../../infra/services/index.js';
import { dataFolder } from '../../infra/services/service.js';
import { graphql, type Program, startProgram } from '../program.js';

const template = readFileSync(join(import.meta.dirname, '../../infra/compose/nginx.conf.template'), 'utf8');
const there = installed('nginx', '/usr/sbin/nginx') !== null;
if (!there)
  console.warn('nginx is not installed here: its configuration is not tried. `bash infra/services/install.sh`');

/** As the entry point of nginx's image fills it in. */
const filled = (values: Readonly<Record<string, string>>) =>
  template.replace(/\$\{([A-Z_]+)\}/g, (_, name) => values[name]!);

describe.skipIf(!there)('the configuration of nginx for infra/compose.yaml', () => {
  let program: Program;
  let nginx: Service;
  const cache = dataFolder('nginx-cache');
  beforeAll(async () => {
    program = await startProgram({ env: { TRUST_PROXY: 'true' } });
    nginx = await startNginx((port) =>
      filled({
        LISTEN: `127.0.0.1:${port}`,
        API: new URL(program.url).host,
        RESOLVER: '127.0.0.1',
        CACHE_DIR: join(cache, 'images'),
        CACHE_SIZE: '10m',
      }),
    );
  });
  afterAll(async () => {
    await nginx?.stop();
    await program?.stop();
    rmSync(cache, { recursive: true, force: true });
  });

  const made = async (input: string) => {
    const { generate } = await graphql<{ generate: { id: string; images: { url: string }[] } }>(
      nginx.url,
      `mutation { generate(input: { ${input} }, waitMs: 60000) { ... on Generation { id images { url } } } }`,
    );
    return generate.images[0]!.url;
  };

  it('names an image by the address that clients use, and keeps it: it is asked for once, whole or in parts', async () => {
    const url = await made('prompt: "a red house", seed: 1');
    expect(url).toMatch(new RegExp(`^${nginx.url}/images/`));
    const first = await Promise.all(Array.from({ length: 20 }, () => fetch(`${url}?w=32`)));
    expect(first.map(({ status }) => status)).toEqual(first.map(() => 200));
    expect(first.filter((response) => response.headers.get('x-cache') === 'MISS')).toHaveLength(1);
    const again = await fetch(`${url}?w=32`, { headers: { range: 'bytes=0-9' } });
    expect([again.status, (await again.arrayBuffer()).byteLength]).toEqual([206, 10]);
    expect(again.headers.get('x-cache')).toBe('HIT');
    expect(again.headers.get('cache-control')).toContain('immutable');
  });

  it('passes events on while the image is being made', async () => {
    const { generate } = await graphql<{ generate: { id: string } }>(
      nginx.url,
      'mutation { generate(input: { prompt: "a boat", seed: 2, steps: 50 }) { ... on Generation { id } } }',
    );
    const query = `subscription { generationProgress(id: "${generate.id}") { __typename } }`;
    const response = await fetch(`${nginx.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query }),
    });
    const chunks: string[] = [];
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) chunks.push(read.value);
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks[0]).not.toContain('event: complete');
    expect(chunks.join('')).toContain('event: complete');
  });

  it('lets a WebSocket through', async () => {
    const client = createClient({ url: `${nginx.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    const { value } = await client.iterate({ query: '{ models { name } }' }).next();
    await client.dispose();
    expect(value).toHaveProperty('data.models');
  });

  it('keeps measures to the inside', async () => {
    const statuses = ['/metrics', '/metrics/queue'].map(async (path) => (await fetch(nginx.url + path)).status);
    expect(await Promise.all(statuses)).toEqual([404, 404]);
  });

  it('answers what it has kept while no API process is there', async () => {
    const url = await made('prompt: "a tree", seed: 3');
    await fetch(url);
    await program.stop();
    expect((await fetch(url)).headers.get('x-cache')).toBe('HIT');
    expect((await fetch(`${nginx.url}/healthz`)).status).toBe(502);
  });
});
