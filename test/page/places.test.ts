import { describe, expect, it } from 'vitest';
import { graphql } from '../program.js';
import { hasBrowser } from './browser.js';
import { ownPage } from './own-page.js';

describe.skipIf(!hasBrowser)('several images on the page', () => {
  const own = ownPage();

  const prompt = 'a big panda, snow background';
  const make = async (seed: number, count = 1): Promise<string[]> => {
    const query = `mutation ($input: GenerateInput!) {
      generate(input: $input, waitMs: 60000) { ... on Generation { imageEdges { index node { id } } } }
    }`;
    const { generate } = await graphql<{ generate: { imageEdges: { index: number; node: { id: string } }[] } }>(
      own.program.url,
      query,
      { input: { prompt, seed, count } },
    );
    return generate.imageEdges.sort((a, b) => a.index - b.index).map(({ node }) => node.id);
  };
  /** The id of the image in each tile, from its address. */
  const shown = () =>
    own.page
      .locator('.tile')
      .evaluateAll((tiles) =>
        tiles.map((tile) => decodeURIComponent(tile.querySelector('img.final')?.getAttribute('src') ?? '')),
      );

  it('stand each in its own tile, also where the third is there before the first', async () => {
    await make(22);
    await own.page.goto(own.program.url);
    await own.page.fill('#prompt', prompt);
    await own.page.fill('#seed', '20');
    await own.page.click('#more summary');
    await own.page.fill('#count', '4');
    await own.page.click('#draw');
    await own.page.locator('#draw[aria-disabled=false]').waitFor();
    await expect.poll(() => own.page.locator('.tile.arrived').count(), { timeout: 30_000 }).toBe(4);
    const addresses = await shown();
    const ids = await make(20, 4);
    expect(new Set(addresses).size).toBe(4);
    for (const [index, address] of addresses.entries()) {
      const { image } = await graphql<{ image: { url: string } }>(
        own.program.url,
        'query ($id: ID!) { image(id: $id) { url } }',
        { id: ids[index] },
      );
      expect(new URL(address, own.program.url).pathname).toBe(new URL(image.url).pathname);
    }
  });

  it.each([0, 1, 2, 3])('are told apart when one is chosen: place %i', async (index) => {
    await own.page.locator('.tile').nth(index).click();
    expect(await own.page.locator('#drawn-seed').textContent()).toBe(String(20 + index));
    expect(await own.page.locator('.tile[aria-pressed=true]').getAttribute('data-index')).toBe(String(index));
  });
});
