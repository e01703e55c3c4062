import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from 'graphql-ws';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { type Program, startProgram } from '../program.js';
import { hasBrowser, openBrowser } from './browser.js';
import { freePort, hasNginx, startNginx } from './nginx.js';

const key = 'a key that nobody guesses';

describe.skipIf(!hasNginx).each([
  ['strips the path', true],
  ['sends the path along', false],
])('below a path of a proxy that %s', (_name, strips) => {
  let folder: string;
  let program: Program;
  let nginx: ChildProcess;
  let site: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'inkstone-sub-path-'));
    const port = await freePort();
    site = `http://localhost:${port}/ink`;
    program = await startProgram({ env: { PUBLIC_URL: site, ACCESS_KEY: key, STOP_GRACE_MS: '100' } });
    nginx = await startNginx(join(folder, 'nginx'), port, program.url, strips);
  });
  afterAll(async () => {
    nginx?.kill();
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
  const generate =
    'mutation { generate(input: { prompt: "a red house", seed: 3 }, waitMs: 60000) { ... on Generation { id images { url } } } }';
  const ask = (query: string, accept: string) =>
    fetch(`${site}/graphql`, { method: 'POST', headers: { ...headers, accept }, body: JSON.stringify({ query }) });

  it('images are where their addresses say, and events come as they happen', async () => {
    const { data } = (await (await ask(generate, 'application/json')).json()) as {
      data: { generate: { id: string; images: { url: string }[] } };
    };
    const { id, images } = data.generate;
    expect(images[0]!.url).toMatch(new RegExp(`^${site}/images/`));
    expect((await fetch(images[0]!.url)).headers.get('content-type')).toMatch(/^image\//);
    const events = await ask(`subscription { generationProgress(id: "${id}") { __typename } }`, 'text/event-stream');
    expect(await events.text()).toContain('event: complete');
  });

  it('a WebSocket opens', async () => {
    const client = createClient({
      url: `${site.replace('http', 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      connectionParams: { accessKey: key },
    });
    const { value } = await client.iterate({ query: '{ models { name } }' }).next();
    await client.dispose();
    expect(value).toMatchObject({ data: { models: [{}, {}, {}, {}] } });
  });

  describe.skipIf(!hasBrowser)('in a browser', () => {
    let context: BrowserContext;
    let page: Page;
    const asked: string[] = [];
    beforeAll(async () => {
      context = await openBrowser(folder, []);
      page = context.pages()[0] ?? (await context.newPage());
      page.on('request', (request) => asked.push(request.url()));
    });
    afterAll(() => context?.close());

    it('page, form, drawing and GraphiQL stay below it', async () => {
      await page.goto(site);
      await page.fill('#key', key);
      await page.click('button[type=submit]');
      await page.locator('#size option').first().waitFor({ state: 'attached' });
      expect(page.url()).toBe(`${site}/`);
      await page.fill('#prompt', 'a red house');
      await page.click('#draw');
      await page.locator('img[src*="/images/"]').first().waitFor();
      await page.goto(`${site}/graphql`);
      await page.locator('.graphiql-container').first().waitFor();
      const elsewhere = asked.filter(
        (url) => !/^(data|blob):/.test(url) && url !== site && !url.startsWith(`${site}/`),
      );
      expect(elsewhere).toEqual([]);
    });
  });
});
