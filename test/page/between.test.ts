import { beforeAll, describe, expect, it } from 'vitest';
import { hasBrowser } from './browser.js';
import { drawn, ownPage } from './own-page.js';

describe.skipIf(!hasBrowser)('from one request of the page to the next', () => {
  const own = ownPage();
  const instruction = 'change the background to snow';

  beforeAll(async () => {
    await own.page.goto(own.program.url);
    await own.page.fill('#prompt', 'a tiger in the center, white background');
    await own.page.fill('#seed', '5');
    await own.page.click('#more summary');
    await finished();
  });

  const finished = () => drawn(own.page);

  const choose = (operation: string) => own.page.click(`label:has(input[value="${operation}"])`);
  const prompt = () => own.page.inputValue('#prompt');

  it('the slider stays with the image that was changed', async () => {
    await own.page.click('#edit-this');
    await own.page.locator('[data-state=shown]').waitFor();
    await own.page.fill('#prompt', instruction);
    await finished();
    expect(await own.page.isVisible('#compare')).toBe(true);
    await own.page.fill('#steps', '100');
    await own.page.click('#draw');
    await own.page.locator('#status', { hasText: /Step \d+ of 100/ }).waitFor();
    expect(await own.page.isVisible('#compare')).toBe(false);
    await own.page.click('#cancel');
    await own.page.locator('#status', { hasText: 'Cancelled.' }).waitFor();
    expect(await own.page.isVisible('#compare')).toBe(false);
    await own.page.fill('#steps', '');
    await finished();
  });

  it('an instruction that was followed describes no image', async () => {
    await own.page.click('#refine-this');
    await expect.poll(() => own.page.inputValue('#how')).toBe('FIND');
    expect(await prompt()).toBe('');
  });

  it('comes back with its own words, by hand too', async () => {
    await choose('EDIT');
    expect(await prompt()).toBe(instruction);
    await choose('GENERATE');
    expect(await prompt()).toBe('');
    await choose('EDIT');
    await own.page.fill('#prompt', 'a new thought');
    await choose('GENERATE');
    expect(await prompt()).toBe('a new thought');
  });

  it('a description goes along to a refinement', async () => {
    await own.page.fill('#prompt', 'a tiger in the center, white background');
    await finished();
    await own.page.click('#refine-this');
    await expect.poll(() => own.page.inputValue('#how')).toBe('FIND');
    expect(await prompt()).toBe('a tiger in the center, white background');
  });

  it('a refusal is said in Chinese where the page speaks it', async () => {
    await own.page.click('#language');
    await choose('GENERATE');
    await own.page.fill('#steps', '0');
    await own.page.click('#draw');
    await own.page.locator('#steps-problem', { hasText: '步数：应在 1 到 100 之间，收到的是 0。' }).waitFor();
    await own.page.fill('#steps', '');
    await own.page.fill('#seed', '-1');
    await own.page.click('#draw');
    await own.page.locator('#seed-problem', { hasText: /^种子：.*-1/ }).waitFor();
    await own.page.click('#language');
    await own.page.locator('#seed-problem', { hasText: /^Seed: expected .*-1/ }).waitFor();
  });
});
