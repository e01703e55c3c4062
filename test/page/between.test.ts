import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Program, startProgram } from '../program.js';
import { hasBrowser, openBrowser } from './browser.js';

describe.skipIf(!hasBrowser)('from one request of the page to the next', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-between-'));
  const instruction = 'change the background to snow';
  let program: Program;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    program = await startProgram();
    context = await openBrowser(folder, []);
    page = context.pages()[0] ?? (await context.newPage());
    await page.goto(program.url);
    await page.fill('#prompt', 'a tiger in the center, white background');
    await page.fill('#seed', '5');
    await page.click('#more summary');
    await finished();
  });

  afterAll(async () => {
    await context?.close();
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function finished(): Promise<void> {
    await page.click('#draw');
    await page.locator('#draw[aria-disabled=false]').waitFor();
    await page.locator('.tile.arrived').first().waitFor();
  }

  const choose = (operation: string) => page.click(`label:has(input[value="${operation}"])`);
  const prompt = () => page.inputValue('#prompt');

  it('the slider stays with the picture that was changed', async () => {
    await page.click('#edit-this');
    await page.locator('[data-state=shown]').waitFor();
    await page.fill('#prompt', instruction);
    await finished();
    expect(await page.isVisible('#compare')).toBe(true);
    await page.fill('#steps', '100');
    await page.click('#draw');
    await page.locator('#status', { hasText: /Step \d+ of 100/ }).waitFor();
    expect(await page.isVisible('#compare')).toBe(false);
    await page.click('#cancel');
    await page.locator('#status', { hasText: 'Cancelled.' }).waitFor();
    expect(await page.isVisible('#compare')).toBe(false);
    await page.fill('#steps', '');
    await finished();
  });

  it('an instruction that was followed describes no picture', async () => {
    await page.click('#refine-this');
    await expect.poll(() => page.inputValue('#how')).toBe('FIND');
    expect(await prompt()).toBe('');
  });

  it('comes back with its own words, by hand too', async () => {
    await choose('EDIT');
    expect(await prompt()).toBe(instruction);
    await choose('GENERATE');
    expect(await prompt()).toBe('');
    await choose('EDIT');
    await page.fill('#prompt', 'a new thought');
    await choose('GENERATE');
    expect(await prompt()).toBe('a new thought');
  });

  it('a description goes along to a refinement', async () => {
    await page.fill('#prompt', 'a tiger in the center, white background');
    await finished();
    await page.click('#refine-this');
    await expect.poll(() => page.inputValue('#how')).toBe('FIND');
    expect(await prompt()).toBe('a tiger in the center, white background');
  });

  it('a refusal is said in Chinese where the page speaks it', async () => {
    await page.click('#language');
    await choose('GENERATE');
    await page.fill('#steps', '0');
    await page.click('#draw');
    await page.locator('#steps-problem', { hasText: '步数：应在 1 到 100 之间，收到的是 0。' }).waitFor();
    await page.fill('#steps', '');
    await page.fill('#seed', '-1');
    await page.click('#draw');
    await page.locator('#seed-problem', { hasText: /^种子：.*-1/ }).waitFor();
    await page.click('#language');
    await page.locator('#seed-problem', { hasText: /^Seed: expected .*-1/ }).waitFor();
  });
});
