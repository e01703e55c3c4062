import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Program, startProgram } from '../program.js';
import { hasBrowser, openBrowser } from './browser.js';

/** As nginx does with `location /art/ { proxy_pass http://inkstone/; }`; nothing else of the host is Inkstone's. */
const path = '/art/';

describe.skipIf(!hasBrowser)('the page below a path', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-subpath-'));
  const complaints: string[] = [];
  const outside: string[] = [];
  let program: Program;
  let proxy: Server;
  let host: string;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    proxy = createServer((asked, answer) => {
      if (!asked.url!.startsWith(path)) {
        outside.push(asked.url!);
        answer.writeHead(404).end();
        return;
      }
      const target = new URL(asked.url!.slice(path.length - 1), program.url);
      const passed = request(target, { method: asked.method, headers: asked.headers }, (given) => {
        answer.writeHead(given.statusCode!, given.headers);
        given.pipe(answer);
      });
      asked.pipe(passed);
    });
    await new Promise<void>((listening) => proxy.listen(0, '127.0.0.1', listening));
    host = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
    program = await startProgram({ env: { PUBLIC_URL: `${host}/art` } });
    context = await openBrowser(folder, complaints);
    page = context.pages()[0] ?? (await context.newPage());
  });

  afterAll(async () => {
    await context?.close();
    await program?.stop();
    proxy?.closeAllConnections();
    proxy?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('draws, shows and saves what is below the same path', async () => {
    await page.goto(host + path);
    await page.locator('#size option').first().waitFor({ state: 'attached' });
    await page.fill('#prompt', 'a big panda, snow background');
    await page.click('#draw');
    await page.locator('.tile.arrived').waitFor();
    const width = await page
      .locator('img.final')
      .evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);
    expect(width).toBe(256);
    for (const link of ['#png', '#webp', '#try', '.mark', 'nav a'])
      expect(
        new URL(
          await page
            .locator(link)
            .first()
            .evaluate((element) => (element as unknown as { href: string }).href),
        ).pathname,
      ).toMatch(/^\/art\//);
    await page.click('#tab-curl');
    expect(await page.locator('#source').textContent()).toContain(`${host}/art/graphql`);
  });

  it('edits what it drew, and comes back with it after a reload', async () => {
    await page.click('#edit-this');
    await page.locator('[data-state=shown]').waitFor();
    await page.reload();
    await page.locator('[data-state=shown]').waitFor();
    expect(await page.locator('#strip button img').first().getAttribute('src')).toContain('/art/images/');
  });

  it('asks for nothing outside of it', () => {
    expect(outside).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
