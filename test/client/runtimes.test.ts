import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { Miniflare } from 'miniflare';
import { beforeAll, describe, expect, it } from 'vitest';
import { sign } from '../../src/client/index.js';
import { hasBrowser, openBrowser } from '../page/browser.js';
import { bundle } from './bundle.js';
import { lighthouse } from './recipes.js';

const key = { id: 'site', secret: 'a secret of the site' };
const task = `const path = await sign(${JSON.stringify(lighthouse)}, ${JSON.stringify(key)});
  const { outcome } = await verify(path, [${JSON.stringify(key)}], Date.now());`;
let client: string;
let path: string;
beforeAll(async () => {
  client = await bundle('src/client/index.ts');
  path = await sign(lighthouse, key);
});

describe('the client', () => {
  it('is at most 6 kB long, compressed', () => {
    expect(gzipSync(client, { level: 9 }).length).toBeLessThanOrEqual(6 * 1024);
  });

  it('signs and verifies in a Worker as in Node', async () => {
    const worker = `import { sign, verify } from './client.mjs';
      export default { async fetch() { ${task} return Response.json({ path, outcome }); } };`;
    const modules = [
      { type: 'ESModule' as const, path: 'worker.mjs', contents: worker },
      { type: 'ESModule' as const, path: 'client.mjs', contents: client },
    ];
    const miniflare = new Miniflare({ modules, compatibilityDate: '2026-04-01', cf: false });
    try {
      const response = await miniflare.dispatchFetch('http://worker.test/');
      expect(await response.json()).toEqual({ path, outcome: 'valid' });
    } finally {
      await miniflare.dispose();
    }
  });

  it.skipIf(!hasBrowser)('signs and verifies in a browser as in Node', async () => {
    const server = createServer((request, response) => {
      response.setHeader('content-type', request.url === '/client.js' ? 'text/javascript' : 'text/html');
      response.end(request.url === '/client.js' ? client : '<!doctype html>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const folder = mkdtempSync(join(tmpdir(), 'inkstone-client-'));
    const browser = await openBrowser(folder, []);
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      const script = `import('/client.js').then(async ({ sign, verify }) => { ${task} return { path, outcome }; })`;
      expect(await page.evaluate(script)).toEqual({ path, outcome: 'valid' });
    } finally {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
