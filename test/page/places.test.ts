import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphql, type Program, startProgram } from '../program.js';
import { hasBrowser, openBrowser } from './browser.js';

describe.skipIf(!hasBrowser)('several pictures on the page', () => {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-places-'));
  let program: Program;
  let context: BrowserContext;
  let page: Page;

  beforeAll(async () => {
    program = await startProgram();
    context = await openBrowser(folder, []);
    page = context.pages()[0] ?? (await context.newPage());
  });

  afterAll(async () => {
    await context?.close();
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const prompt = 'a big panda, snow background';
  const make = async (seed: number, count = 1): Promise<string[]> => {
    const query = `mutation ($input: GenerateInput!) {
      generate(input: $input, waitMs: 60000) { ... on Generation { imageEdges { index node { id } } } }
    }`;
    const { generate } = await graphql<{ generate: { imageEdges: { index: number; node: { id: string } }[] } }>(
      program.url,
      query,
      { input: { prompt, seed, count } },
    );
    return generate.imageEdges.sort((a, b) => a.index - b.index).map(({ node }) => node.id);
  };
  /** The id of the picture in each tile, from its address. */
  const shown = () =>
    page
      .locator('.tile')
      .evaluateAll((tiles) =>
        tiles.map((tile) => decodeURIComponent(tile.querySelector('img.final')?.getAttribute('src') ?? '')),
      );

  it('stand each in its own tile, also where the third is there before the first', async () => {
    await make(22);
    await page.goto(program.url);
    await page.fill('#prompt', prompt);
    await page.fill('#seed', '20');
    await page.click('#more summary');
    await page.fill('#count', '4');
    await page.click('#draw');
    await page.locator('#draw[aria-disabled=false]').waitFor();
    await expect.poll(() => page.locator('.tile.arrived').count(), { timeout: 30_000 }).toBe(4);
    const addresses = await shown();
    const ids = await make(20, 4);
    expect(new Set(addresses).size).toBe(4);
    for (const [index, address] of addresses.entries()) {
      const { image } = await graphql<{ image: { url: string } }>(
        program.url,
        'query ($id: ID!) { image(id: $id) { url } }',
        { id: ids[index] },
      );
      expect(new URL(address, program.url).pathname).toBe(new URL(image.url).pathname);
    }
  });

  it.each([0, 1, 2, 3])('are told apart when one is chosen: place %i', async (index) => {
    await page.locator('.tile').nth(index).click();
    expect(await page.locator('#drawn-seed').textContent()).toBe(String(20 + index));
    expect(await page.locator('.tile[aria-pressed=true]').getAttribute('data-index')).toBe(String(index));
  });
});
