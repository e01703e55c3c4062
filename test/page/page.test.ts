import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Program, startProgram } from '../program.js';
import { hasBrowser, openBrowser } from './browser.js';

describe.skipIf(!hasBrowser)('the page', () => {
  let program: Program | null = null;
  /** A running server may be named instead: INKSTONE_URL=http://127.0.0.1:4000 */
  let url = process.env.INKSTONE_URL ?? '';
  let context: BrowserContext;
  let page: Page;
  const profiles: string[] = [];
  /** What the console complains about, and every host that was asked for something. */
  const complaints: string[] = [];
  const hosts = new Set<string>();

  async function open(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const profile = mkdtempSync(join(tmpdir(), 'inkstone-browser-'));
    profiles.push(profile);
    const opened = await openBrowser(profile, complaints, options);
    opened.on('request', (request) => {
      if (request.url().startsWith('http')) hosts.add(new URL(request.url()).hostname);
    });
    return opened;
  }

  /** Presses "Draw" and waits until there is something to be seen and no more to wait for. */
  async function draw(on: Page = page): Promise<void> {
    await on.click('#draw');
    await on.locator('#draw[aria-disabled=false]').waitFor();
    await on.locator('.tile.arrived').first().waitFor();
  }

  const text = (selector: string, on: Page = page) => on.locator(selector).textContent();
  const shownWidth = (on: Page = page) =>
    on.locator('img.final').evaluate((image) => (image as unknown as { naturalWidth: number }).naturalWidth);

  beforeAll(async () => {
    if (url === '') {
      program = await startProgram();
      url = program.url;
    }
    context = await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    page = context.pages()[0] ?? (await context.newPage());
    await page.goto(url);
  });

  afterAll(async () => {
    await context?.close();
    await program?.stop();
    for (const profile of profiles) rmSync(profile, { recursive: true, force: true });
  });

  it('draws what is asked for in Chinese, and shows it coming', async () => {
    await page.fill('#prompt', '一只狗在左边，草地背景');
    await draw();
    expect(await page.locator('img.preview').getAttribute('src')).toMatch(/^data:image\//);
    expect(await shownWidth()).toBeGreaterThan(0);
    expect(await text('#origin')).toBe('made now');
    expect(await text('#drawn-seed')).toMatch(/^\d+$/);
    expect(await text('#stages')).toContain('steps');
  });

  it('has the same seed from memory', async () => {
    const seed = await text('#drawn-seed');
    await page.click('#keep-seed');
    expect(await page.inputValue('#seed')).toBe(seed);
    await page.press('#prompt', 'Control+Enter');
    await page.locator('.tile.arrived').waitFor();
    await page.locator('#origin', { hasText: 'from memory' }).waitFor();
    expect(await shownWidth()).toBeGreaterThan(0);
  });

  it('gives a curl command that answers this very image', async () => {
    await page.click('#tab-curl');
    await page.click('#copy');
    const command = await page.evaluate<string>('navigator.clipboard.readText()');
    const answer = JSON.parse(
      execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
    expect(answer.data.generate).toMatchObject({ __typename: 'Generation', status: 'SUCCEEDED', cache: 'HIT' });
    expect(String(answer.data.generate.seed)).toBe(await text('#drawn-seed'));
  });

  it('keeps the request in its address, and shows the image again to whoever opens it', async () => {
    const other = await context.newPage();
    await other.goto(page.url());
    await other.locator('.tile.arrived').waitFor();
    expect(await other.inputValue('#prompt')).toBe('一只狗在左边，草地背景');
    expect(await other.inputValue('#seed')).toBe(await text('#drawn-seed'));
    expect(await text('#origin', other)).toBe('from memory');
    await other.reload();
    await other.locator('.tile.arrived').waitFor();
    await other.close();
  });

  it("says the server's sentence at the field that it is about", async () => {
    await page.fill('#seed', '-1');
    await page.click('#draw');
    await page.locator('#seed-problem:not(:empty)').waitFor();
    expect(await text('#seed-problem')).toContain('-1');
    expect(await page.getAttribute('#seed', 'aria-invalid')).toBe('true');
    expect(await page.locator('.tile.arrived').count()).toBe(1);
  });

  it('stops when it is asked to', async () => {
    await page.fill('#seed', '');
    await page.click('#more summary');
    await page.fill('#steps', '100');
    await page.fill('#count', '4');
    await page.click('#draw');
    await page.locator('#status', { hasText: /Step \d+ of 400/ }).waitFor();
    await page.click('#cancel');
    await page.locator('#status', { hasText: 'Cancelled.' }).waitFor();
    await page.locator('#draw[aria-disabled=false]').waitFor();
  });

  it('draws several, and goes back to an earlier one of this visit', async () => {
    await page.fill('#steps', '2');
    await page.fill('#count', '2');
    await draw();
    await page.locator('.tile.arrived').nth(1).click();
    const { length } = await page.locator('#strip button').all();
    await page
      .locator('#strip button')
      .nth(length - 1)
      .click();
    expect(await page.inputValue('#prompt')).toBe('一只狗在左边，草地背景');
    expect(await page.locator('.tile').count()).toBe(1);
  });

  it('takes up a lost connection and misses nothing', async () => {
    const proxy = await cuttingProxy(url);
    const other = await context.newPage();
    await other.addInitScript(`
      globalThis.sentences = [];
      addEventListener('DOMContentLoaded', () => new MutationObserver((records) => {
        for (const { addedNodes } of records) for (const { data } of addedNodes) sentences.push(data);
      }).observe(document.getElementById('status'), { childList: true }));`);
    await other.goto(proxy.url);
    await other.fill('#prompt', 'a big panda, snow background');
    await draw(other);
    const steps = (await other.evaluate<string[]>('sentences')).filter((sentence) => sentence.startsWith('Step'));
    expect(proxy.cuts()).toBe(1);
    // A sentence an event; those that were missed are told with the generation as it is by then.
    expect(steps).toHaveLength(8);
    expect(steps).toEqual([...steps].sort());
    expect(steps.at(-1)).toBe('Step 8 of 8');
    await other.close();
    await proxy.close();
  });

  it('fits a small phone, and speaks Chinese where the browser does', async () => {
    const phone = await open({ locale: 'zh-CN', viewport: { width: 360, height: 740 } });
    const small = phone.pages()[0] ?? (await phone.newPage());
    await small.goto(url);
    expect(await text('h1', small)).toBe('说出你想画的');
    expect(await small.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
    await phone.close();
  });

  it.skipIf(process.env.INKSTONE_URL !== undefined)(
    'lets in who has the key, and shows the others a door',
    async () => {
      const key = 'a key for this test';
      const locked = await startProgram({ env: { ACCESS_KEY: key } });
      const guest = await open();
      const door = guest.pages()[0] ?? (await guest.newPage());
      await door.goto(`${locked.url}/#prompt=a+big+panda%2C+snow+background`);
      await door.fill('#key', 'another key');
      await door.click('button[type=submit]');
      await door.locator('#key-problem:not(:empty)').waitFor();
      await door.fill('#key', key);
      await door.click('button[type=submit]');
      await door.locator('#draw').waitFor();
      await expect.poll(() => door.inputValue('#prompt'), { timeout: 10_000 }).toBe('a big panda, snow background');
      await draw(door);
      await door.click('#tab-curl');
      const command = (await text('#source', door)) ?? '';
      const answer = JSON.parse(
        execFileSync('sh', ['-c', command], {
          encoding: 'utf8',
          stdio: 'pipe',
          env: { ...process.env, ACCESS_KEY: key },
        }),
      );
      expect(answer.data.generate.cache).toBe('HIT');
      await guest.close();
      await locked.stop();
    },
  );

  it('asks nobody else for anything, and the console has nothing to complain about', () => {
    expect([...hosts].filter((host) => !['127.0.0.1', 'localhost', new URL(url).hostname].includes(host))).toEqual([]);
    expect(complaints.filter((complaint) => !expected.test(complaint))).toEqual([]);
  });
});

/** What Chromium itself writes for an answer of 400 or 401 and for a connection that was cut: all three happen here on purpose. */
const expected = /status of 40[01]|ERR_(INCOMPLETE_CHUNKED|CONNECTION_RESET|EMPTY)/;

/** Passes everything on, and cuts the first event stream after a few events. */
async function cuttingProxy(target: string) {
  const { hostname, port } = new URL(target);
  let cuts = 0;
  const clients = new Set<Socket>();
  const server = createServer((client) => {
    clients.add(client);
    const upstream = connect(Number(port), hostname);
    let streaming = false;
    let events = 0;
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      client.write(chunk);
      streaming ||= chunk.includes('text/event-stream');
      if (streaming) events += chunk.toString().split('event: next').length - 1;
      if (events < 5 || cuts > 0) return;
      cuts++;
      client.destroy();
    });
    upstream.on('end', () => client.end());
    client.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cuts: () => cuts,
    close: () => {
      for (const client of clients) client.destroy();
      return new Promise((closed) => server.close(closed));
    },
  };
}
