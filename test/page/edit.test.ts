import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { graphql, type Program, startProgram } from '../program.js';
import { hasBrowser, openBrowser } from './browser.js';

describe.skipIf(!hasBrowser)('the page changes images', () => {
  let program: Program;
  let context: BrowserContext;
  let page: Page;
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-edit-'));
  const complaints: string[] = [];

  beforeAll(async () => {
    program = await startProgram();
    context = await openBrowser(folder, complaints);
    page = context.pages()[0] ?? (await context.newPage());
    await page.goto(program.url);
    await page.fill('#prompt', 'a red house on the left, grass background');
    await page.fill('#seed', '7');
    await finished();
  });

  afterAll(async () => {
    await context?.close();
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Presses the button and waits for the image. */
  async function finished(): Promise<void> {
    await page.click('#draw');
    await page.locator('#draw[aria-disabled=false]').waitFor();
    await page.locator('.tile.arrived').first().waitFor();
  }

  const shown = async () => {
    const address = await page.locator('#png').getAttribute('href');
    const response = await fetch(new URL(address!, program.url));
    return sharp(Buffer.from(await response.arrayBuffer()))
      .removeAlpha()
      .raw()
      .toBuffer();
  };

  it('paints a mask over the image that was drawn, and leaves the rest of it as it was', async () => {
    const before = await shown();
    await page.click('#edit-this');
    await page.selectOption('#how', 'INPAINT');
    await page.fill('#prompt', 'a cat');
    await page.click('#draw');
    expect(await page.locator('#image-problem').textContent()).toContain('Paint');
    await page.locator('#mask').scrollIntoViewIfNeeded();
    const box = (await page.locator('#mask').boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.75, box.y + box.height * 0.4);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.75, box.y + box.height * 0.6, { steps: 5 });
    await page.mouse.up();
    await finished();
    const after = await shown();
    const changed = (x: number, y: number) => {
      const at = (y * 256 + x) * 3;
      return !before.subarray(at, at + 3).equals(after.subarray(at, at + 3));
    };
    for (let y = 0; y < 256; y++)
      for (let x = 0; x < 128; x++) if (changed(x, y)) throw new Error(`${x}, ${y} changed`);
    expect(after.equals(before)).toBe(false);
  });

  /** How much of the image before is shown, from the left. */
  const split = () => page.evaluate<string>(`getComputedStyle(document.querySelector('.tile .before')).clipPath`);

  it('shows the image before as far as the handle is drawn, by hand or by keys', async () => {
    expect(await split()).toBe('inset(0px 100% 0px 0px)');
    await page.locator('#sheet').scrollIntoViewIfNeeded();
    const box = (await page.locator('#compare').boundingBox())!;
    await page.mouse.move(box.x + 20, box.y + 50);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 4, box.y + 50, { steps: 3 });
    await page.mouse.up();
    expect(await split()).toBe('inset(0px 75% 0px 0px)');
    await page.focus('#split');
    await page.keyboard.press('End');
    expect(await split()).toBe('inset(0px 0% 0px 0px)');
  });

  /** Of 100 points along the middle of the mask, how many are painted. */
  const painted = () =>
    page.evaluate<number>(`(() => {
      const mask = document.getElementById('mask');
      const copy = new OffscreenCanvas(mask.width, 1).getContext('2d');
      copy.drawImage(mask, 0, -mask.height / 2);
      const { data } = copy.getImageData(0, 0, mask.width, 1);
      return Array.from({ length: 100 }, (_, i) => data[4 * Math.floor((i * mask.width) / 100) + 3]).filter(Boolean).length;
    })()`);

  async function stroke(x: number): Promise<void> {
    await page.locator('#mask').scrollIntoViewIfNeeded();
    const box = (await page.locator('#mask').boundingBox())!;
    await page.mouse.move(box.x + box.width * x, box.y + box.height * 0.4);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * x, box.y + box.height * 0.6, { steps: 3 });
    await page.mouse.up();
  }

  it('takes strokes back, one by one or all', async () => {
    await page.click('#clear-mask');
    expect(await painted()).toBe(0);
    expect(await page.isDisabled('#undo-mask')).toBe(true);
    await stroke(0.2);
    const one = await painted();
    expect(one).toBeGreaterThan(0);
    await stroke(0.6);
    expect(await painted()).toBeGreaterThan(one);
    await page.click('#undo-mask');
    expect(await painted()).toBe(one);
    await page.focus('#brush');
    await page.keyboard.press('Control+z');
    expect(await painted()).toBe(0);
  });

  it('paints a dot where it is only touched', async () => {
    const box = (await page.locator('#mask').boundingBox())!;
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    expect(await painted()).toBeGreaterThan(0);
    await page.click('#undo-mask');
    expect(await painted()).toBe(0);
  });

  it('gives back what was painted, with an earlier image of this visit', async () => {
    await page.locator('#strip button').first().click();
    await expect.poll(painted, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(await page.inputValue('#how')).toBe('INPAINT');
    expect(await page.inputValue('#prompt')).toBe('a cat');
  });

  it('asks for what is to change, not for what there is', async () => {
    await page.click('#edit-this');
    await expect.poll(() => page.inputValue('#prompt'), { timeout: 10_000 }).toBe('');
    await page.selectOption('#how', 'INSTRUCTION');
    expect(await page.getAttribute('#prompt', 'placeholder')).toBe('What is to change?');
    await page.locator('#examples button', { hasText: 'snow' }).click();
    await finished();
    expect(await page.locator('#model option').allTextContents()).toEqual(['Inkling Edit', 'Inkling Base']);
  });

  it('takes an image that is dropped beside the place for it', async () => {
    const image = sharp({ create: { width: 192, height: 64, channels: 3, background: '#a33' } });
    const base64 = (await image.png().toBuffer()).toString('base64');
    await page.evaluate(`(() => {
      const bytes = Uint8Array.from(atob(${JSON.stringify(base64)}), (letter) => letter.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([bytes], 'red.png', { type: 'image/png' }));
      const prevented = !document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
      if (!prevented) throw new Error('The browser would open the file.');
    })()`);
    await expect.poll(() => page.evaluate<number>(`document.getElementById('original-image').width`)).toBe(192);
  });

  it('is painted with a finger, and the page stays where it is', async () => {
    const phone = await openBrowser(join(folder, 'phone'), complaints, {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
    });
    const small = phone.pages()[0] ?? (await phone.newPage());
    await small.goto(program.url);
    await small.locator('#size option').first().waitFor({ state: 'attached' });
    await small.tap('label:has(input[value="EDIT"])');
    const image = sharp({ create: { width: 256, height: 256, channels: 3, background: '#33a' } });
    const file = { name: 'blue.png', mimeType: 'image/png', buffer: await image.png().toBuffer() };
    await small.setInputFiles('#file', file);
    await small.locator('[data-state=shown]').waitFor();
    await small.selectOption('#how', 'INPAINT');
    await small.locator('#mask').scrollIntoViewIfNeeded();
    const before = await small.evaluate<number>('scrollY');
    const box = (await small.locator('#mask').boundingBox())!;
    const touch = await phone.newCDPSession(small);
    const at = (y: number) => [{ x: box.x + box.width / 2, y: box.y + box.height * y }];
    await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: at(0.3) });
    for (const y of [0.4, 0.5, 0.6])
      await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: at(y) });
    await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
    expect(await small.isEnabled('#undo-mask')).toBe(true);
    expect(await small.evaluate<number>('scrollY')).toBe(before);
    expect(await small.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    await phone.close();
  });

  it('takes a file, starts from it as strongly as is asked, and shows the request as a program would send it', async () => {
    const file = join(folder, 'flat.png');
    const flat = sharp({ create: { width: 256, height: 192, channels: 3, background: '#3a7' } });
    writeFileSync(file, await flat.png().toBuffer());
    await page.setInputFiles('#file', file);
    await page.selectOption('#how', 'STRENGTH');
    await page.locator('#strength').fill('0.5');
    await finished();
    const image = page.locator('img.final');
    expect(await image.evaluate((element) => (element as HTMLImageElement).naturalHeight)).toBe(192);
    await page.click('#tab-curl');
    const code = (await page.locator('#panel').textContent())!;
    expect(code).toContain('EditInput');
    expect(code).toContain("-F '0=@image.png'");
  });

  it('takes a photograph that no model could, made smaller, and paints it where the pointer is', async () => {
    const photo = sharp({ create: { width: 900, height: 1800, channels: 3, background: '#68a' } });
    await page.setInputFiles('#file', { name: 'p.jpg', mimeType: 'image/jpeg', buffer: await photo.jpeg().toBuffer() });
    await page.locator('#scaled', { hasText: '256 × 512' }).waitFor();
    await page.selectOption('#how', 'INPAINT');
    await page.fill('#brush', '10');
    await stroke(0.25);
    const columns = await page.evaluate<number[]>(`(() => {
      const mask = document.getElementById('mask');
      const copy = new OffscreenCanvas(mask.width, 1).getContext('2d');
      copy.drawImage(mask, 0, -mask.height / 2);
      const { data } = copy.getImageData(0, 0, mask.width, 1);
      return Array.from({ length: mask.width }, (_, x) => x).filter((x) => data[4 * x + 3] > 127);
    })()`);
    expect(columns[0]).toBeLessThan(64);
    expect(columns.at(-1)).toBeGreaterThanOrEqual(64);
    expect(columns.length).toBeLessThan(30);
    await page.fill('#prompt', 'a cat');
    await finished();
    expect(await page.locator('#image-problem').textContent()).toBe('');
    expect(await page.locator('#strip button').first().getAttribute('aria-label')).toBe('Back to: a cat');
  });

  it('refuses a file that is no image at the field where it was chosen', async () => {
    const file = join(folder, 'words.png');
    writeFileSync(file, 'no image at all');
    await page.setInputFiles('#file', file);
    await page.click('#draw');
    await page.locator('#draw[aria-disabled=false]').waitFor();
    expect(await page.locator('#image-problem').textContent()).toMatch(/expected/i);
  });

  it('refines an image where it needs it, and says where that was', async () => {
    await page.click('label:has(input[value="GENERATE"])');
    await page.fill('#prompt', 'a tiger in the center, white background');
    await finished();
    await page.click('#refine-this');
    await expect.poll(() => page.inputValue('#how'), { timeout: 10_000 }).toBe('FIND');
    const { models } = await graphql<{ models: { operations: string[]; defaultRefineStrength: number }[] }>(
      program.url,
      '{ models { operations defaultRefineStrength } }',
    );
    const refiner = models.find(({ operations }) => operations.includes('REFINE'));
    expect(Number(await page.inputValue('#strength'))).toBe(refiner!.defaultRefineStrength);
    await finished();
    expect(await page.locator('#regions').textContent()).toMatch(/Refined in \d+ place|Nothing/);
    expect(await page.locator('#title').textContent()).toBe('Make it finer');
  });

  it('complains of nothing meanwhile', () => {
    expect(complaints).toEqual([]);
  });
});
