import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { graphql, type Program, startProgram } from '../program.js';
import { hasBrowser, openBrowser } from './browser.js';

describe.skipIf(!hasBrowser)('the page helps who writes a request', () => {
  let program: Program;
  let context: BrowserContext;
  let page: Page;
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-writing-'));
  const complaints: string[] = [];

  beforeAll(async () => {
    program = await startProgram();
    context = await openBrowser(folder, complaints);
  });

  beforeEach(async () => {
    page = await context.newPage();
    await page.goto(program.url);
    await page.locator('#styles button').first().waitFor();
  });

  afterAll(async () => {
    await context?.close();
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function draw(): Promise<void> {
    await page.click('#draw');
    await page.locator('#draw[aria-disabled=false]').waitFor();
    await page.locator('.tile.arrived').first().waitFor();
  }

  const text = (selector: string) => page.locator(selector).textContent();

  /** Does what a shell would do with the command that is shown. */
  function paste(command: string): { data: Record<string, { __typename: string; cache?: string }> } {
    return JSON.parse(execFileSync('sh', ['-c', command], { cwd: folder, encoding: 'utf8', stdio: 'pipe' }));
  }

  it('advises on a prompt in its language, and on none where there is nothing to say', async () => {
    await page.fill('#prompt', 'please draw a beautiful dog');
    await page.locator('#advice', { hasText: 'beautiful' }).waitFor();
    expect(await text('#tokens')).toMatch(/^\d+ of \d+ tokens$/);
    await page.fill('#prompt', '请画一只好看的狗');
    await page.locator('#advice', { hasText: '好看' }).waitFor();
    await page.fill('#prompt', 'a dog on the left, grass background');
    await page.locator('#advice p').first().waitFor({ state: 'detached' });
  });

  it('draws an example that was clicked', async () => {
    await page.locator('#examples button[lang=zh]').first().click();
    await draw();
    expect(await page.locator('img.final').getAttribute('alt')).toBe('一只狗在左边，草地背景');
  });

  it("puts a style behind the prompt in the prompt's language, instead of another one, and takes it away", async () => {
    await page.fill('#prompt', '一只狗在左边');
    const press = (name: string) => page.locator('#styles button', { hasText: name }).click();
    await press('pixel art');
    expect(await page.inputValue('#prompt')).toBe('一只狗在左边，像素画');
    await press('sketch');
    expect(await page.inputValue('#prompt')).toBe('一只狗在左边，素描');
    expect(await page.locator('#styles [aria-pressed=true]').allTextContents()).toEqual(['sketch']);
    await press('sketch');
    expect(await page.inputValue('#prompt')).toBe('一只狗在左边');
  });

  it('adds a LoRA as strongly as is asked, and says so in its address', async () => {
    await page.fill('#prompt', 'a big panda, snow background');
    await page.fill('#seed', '7');
    await page.click('#more summary');
    expect(await text('#abilities')).toContain('8 steps');
    await page.locator('.lora input[type=checkbox]').check();
    await page.locator('.lora input[type=range]').fill('0.8');
    await draw();
    await page.click('#tab-variables');
    expect(JSON.parse((await text('#source'))!).input.loras).toEqual([{ id: 'blueprint', weight: 0.8 }]);
    const other = await context.newPage();
    await other.goto(page.url());
    await other.locator('#origin', { hasText: 'from memory' }).waitFor();
    expect(await other.locator('.lora input[type=range]').inputValue()).toBe('0.8');
  });

  const awkward = 'a dog\'s "house" on the left;type=text/plain\n一只狗 $HOME `id` \\n $& %s, 草地背景';

  it('gives a curl command and a link that ask for just this prompt, whatever stands in it', async () => {
    await page.fill('#prompt', awkward);
    await page.fill('#seed', '7');
    await draw();
    await page.click('#tab-curl');
    expect(paste((await text('#source'))!).data.generate).toMatchObject({ __typename: 'Generation', cache: 'HIT' });
    const address = new URL((await page.getAttribute('#try', 'href'))!, program.url);
    const answer = await graphql<{ generate: object }>(program.url, address.searchParams.get('query')!);
    expect(answer.generate).toMatchObject({ __typename: 'Generation', cache: 'HIT' });
  });

  it('gives a command that sends the image along', async () => {
    const image = sharp({ create: { width: 64, height: 64, channels: 3, background: '#3a7' } });
    writeFileSync(join(folder, 'image.png'), await image.png().toBuffer());
    await page.click('label:has(input[value="EDIT"])');
    await page.setInputFiles('#file', join(folder, 'image.png'));
    await page.selectOption('#how', 'STRENGTH');
    await page.fill('#prompt', awkward);
    await page.fill('#seed', '7');
    await draw();
    await page.click('#tab-curl');
    expect(paste((await text('#source'))!).data.edit).toMatchObject({ __typename: 'Generation', cache: 'HIT' });
    expect(await page.locator('#try').isVisible()).toBe(false);
  });

  it('gives a command that follows the generation to its end', async () => {
    await page.fill('#prompt', 'a big panda, snow background');
    await draw();
    await page.click('#tab-follow');
    const command = (await text('#source'))!;
    const events = execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: 'pipe' });
    expect(events).toContain('StepFinished');
    expect(events).toContain('GenerationFinished');
  });

  it('offers GraphiQL with the request in it', async () => {
    await page.fill('#prompt', 'a big panda, snow background');
    await page.click('#try');
    await page.locator('.graphiql-container', { hasText: 'a big panda' }).last().waitFor();
  });

  it('leaves the focus at the button for whoever works by keys, also after a cancellation', async () => {
    const focused = () => page.evaluate<string>('document.activeElement.id');
    await page.fill('#prompt', 'a big panda, snow background');
    await page.focus('#draw');
    await page.keyboard.press('Enter');
    await page.locator('.tile.arrived').waitFor();
    expect(await focused()).toBe('draw');
    await page.click('#more summary');
    await page.fill('#steps', '100');
    await page.focus('#draw');
    await page.keyboard.press('Enter');
    await page.locator('#status', { hasText: /Step \d/ }).waitFor();
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('cancel');
    await page.keyboard.press('Enter');
    await page.locator('#cancel').waitFor({ state: 'hidden' });
    expect(await focused()).toBe('draw');
  });

  it('edits an image that is dropped or pasted while one was about to draw', async () => {
    const image = sharp({ create: { width: 64, height: 64, channels: 3, background: '#3a7' } });
    const base64 = (await image.png().toBuffer()).toString('base64');
    await page.evaluate(`(() => {
      const bytes = Uint8Array.from(atob(${JSON.stringify(base64)}), (letter) => letter.charCodeAt(0));
      const clipboardData = new DataTransfer();
      clipboardData.items.add(new File([bytes], 'green.png', { type: 'image/png' }));
      document.body.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }));
    })()`);
    await page.locator('[data-state=shown]').waitFor();
    expect(await page.isChecked('input[value=EDIT]')).toBe(true);
  });

  it('complains of nothing meanwhile', () => {
    expect(complaints).toEqual([]);
  });
});
