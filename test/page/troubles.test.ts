import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { graphql, type Program, type ProgramOptions, startProgram } from '../program.js';
import { hasBrowser, openBrowser } from './browser.js';

describe.skipIf(!hasBrowser)('the page in trouble', () => {
  let folder: string;
  let program: Program;
  let context: BrowserContext;
  let page: Page;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'inkstone-troubles-'));
  });

  afterEach(async () => {
    await context?.close();
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(options: ProgramOptions = {}, hash = ''): Promise<void> {
    program = await startProgram({ ...options, env: { STOP_GRACE_MS: '100', ...options.env } });
    context = await openBrowser(folder, []);
    page = context.pages()[0] ?? (await context.newPage());
    await page.goto(program.url + hash);
  }

  /** Keeps the engine busy. */
  async function occupy(): Promise<string> {
    const query = `mutation { generate(input: { prompt: "a tiger", steps: 100, count: 8 }) { ... on Generation { id } } }`;
    const { generate } = await graphql<{ generate: { id: string } }>(program.url, query);
    await expect
      .poll(
        async () => {
          const asked = `{ generation(id: "${generate.id}") { status } }`;
          return (await graphql<{ generation: { status: string } }>(program.url, asked)).generation.status;
        },
        { timeout: 10_000 },
      )
      .toBe('RUNNING');
    return generate.id;
  }

  const free = (id: string) => graphql(program.url, `mutation { cancel(id: "${id}") { __typename } }`);
  const status = (sentence: RegExp) => page.locator('#status', { hasText: sentence }).waitFor();

  async function begin(): Promise<void> {
    await page.locator('#size option').first().waitFor({ state: 'attached' });
    await page.fill('#prompt', 'a big panda, snow background');
    await page.click('#draw');
  }

  it('waits in line, and says at which place', async () => {
    await open();
    const running = await occupy();
    await begin();
    await status(/Next in line/);
    await free(running);
    await page.locator('.tile.arrived').waitFor();
  });

  it('counts down while the line is full, and then draws', async () => {
    await open({ env: { QUEUE_LIMIT: '0' } });
    await begin();
    await page.locator('.tile.arrived').waitFor();
    const running = await occupy();
    await page.click('#draw');
    await status(/Too many are waiting\. Trying again in \d+ s\./);
    // Also under the image before, which stays meanwhile.
    expect((await page.locator('#status').boundingBox())!.width).toBeGreaterThan(100);
    expect(await page.locator('#form-problem').textContent()).toBe('');
    await free(running);
    await page.locator('#strip li').nth(1).waitFor();
  });

  it('keeps what is written while the models are still on their way', async () => {
    program = await startProgram();
    context = await openBrowser(folder, []);
    page = context.pages()[0] ?? (await context.newPage());
    let release: () => void = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    await page.route('**/graphql', async (route) => {
      if (route.request().postData()?.includes('query Models') === true) await released;
      await route.continue();
    });
    await page.goto(program.url);
    await page.fill('#prompt', 'a big panda, snow background');
    await page.fill('#seed', '20');
    await page.click('#more summary');
    await page.fill('#count', '4');
    release();
    await page.locator('#size option').first().waitFor({ state: 'attached' });
    await expect.poll(() => page.locator('#model option').count()).toBeGreaterThan(0);
    expect(await page.inputValue('#count')).toBe('4');
    expect(await page.inputValue('#prompt')).toBe('a big panda, snow background');
  });

  it('says so when it gives up waiting for a place', async () => {
    await open({ env: { QUEUE_LIMIT: '0' } });
    await occupy();
    await begin();
    await status(/Trying again/);
    await page.click('#cancel');
    await status(/^Cancelled\.$/);
    await page.locator('#draw[aria-disabled=false]').waitFor();
  });

  it('lets one give up while the server is away', async () => {
    await open();
    await occupy();
    await begin();
    await status(/Next in line/);
    program.process.kill('SIGKILL');
    await status(/Connection lost/);
    await page.click('#cancel');
    await page.locator('#draw[aria-disabled=false]').waitFor();
    await status(/^Cancelled\.$/);
    await page.click('#draw');
    await page.locator('#form-problem', { hasText: 'does not answer' }).waitFor();
  });

  it('goes on with its image when the server comes back', async () => {
    const data = join(folder, 'data');
    await open({ env: { DATA_DIR: data } });
    const { port } = new URL(program.url);
    const running = await occupy();
    await begin();
    await status(/Next in line/);
    program.process.kill('SIGKILL');
    await status(/Connection lost/);
    program = await startProgram({ env: { DATA_DIR: data, PORT: port } });
    await free(running);
    await page.locator('.tile.arrived').waitFor();
    await status(/^Done\.$/);
  });

  it('comes back with its request when the session has ended', async () => {
    const key = 'a key for this test';
    await open({ env: { ACCESS_KEY: key } });
    await page.fill('#key', key);
    await page.click('button[type=submit]');
    await page.locator('#size option').first().waitFor({ state: 'attached' });
    await page.fill('#prompt', 'a big panda, snow background');
    await page.locator('#prompt').blur();
    await context.clearCookies();
    await page.click('#draw');
    await page.fill('#key', key);
    await page.click('button[type=submit]');
    await expect.poll(() => page.inputValue('#prompt'), { timeout: 10_000 }).toBe('a big panda, snow background');
  });
});
