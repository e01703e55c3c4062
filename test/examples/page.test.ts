import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openServer, type TestServer } from '../api/server.js';
import { type Gate, openGate } from '../edge/gate.js';
import { tinyTurbo } from '../engine/checkpoints.js';

const secret = 'a-secret-of-the-site';
let server: TestServer;
let gate: Gate;
beforeAll(async () => {
  server = await openServer({ env: { RENDER_KEYS: `site:${secret}` } });
  gate = await openGate((await server.listening()).url);
});
afterAll(async () => {
  await gate?.close();
  await server?.close();
});

const build = () => {
  const env = { ...process.env, INKSTONE: gate.url, RENDER_SECRET: secret, INKSTONE_MODEL: tinyTurbo().id };
  const script = join(import.meta.dirname, '../../examples/page/build.mjs');
  return execFileSync(process.execPath, [script], { env, encoding: 'utf8' });
};

describe('the example of a page', () => {
  it('is the same each time it is built, and asks the program for nothing', () => {
    expect(build()).toBe(build());
    expect(gate.passed).toEqual([]);
  });

  it('names images that are there, in every size', async () => {
    const page = build();
    const [, srcset] = /srcset="([^"]+)"/.exec(page)!;
    const addresses = [...srcset!.split(', ').map((part) => part.split(' ')[0]!), /url\('([^']+)'\)/.exec(page)![1]!];
    expect(addresses.length).toBeGreaterThan(3);
    for (const address of addresses) expect((await fetch(address)).status).toBe(200);
  });
});
