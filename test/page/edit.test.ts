import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Program, startProgram } from '../program.js';
import { hasBrowser, openBrowser } from './browser.js';

describe.skipIf(!hasBrowser)('the page changes pictures', () => {
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

  /** Presses the button and waits for the picture. */
  async function finished(): Promise<void> {
    await page.click('#draw');
    await page.locator('#draw:enabled').waitFor();
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

  it('paints a mask over the picture that was drawn, and leaves the rest of it as it was', async () => {
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
    expect(await page.locator('.tile .before').count()).toBe(1);
    await page.locator('#split').fill('0');
    expect(await page.locator('.tile .before').evaluate((image) => (image as HTMLElement).style.clipPath)).toContain(
      '100%',
    );
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

  it('refuses a file that is no picture at the field where it was chosen', async () => {
    const file = join(folder, 'words.png');
    writeFileSync(file, 'no picture at all');
    await page.setInputFiles('#file', file);
    await page.click('#draw');
    await page.locator('#draw:enabled').waitFor();
    expect(await page.locator('#image-problem').textContent()).toMatch(/expected/i);
  });

  it('refines a picture where it needs it, and says where that was', async () => {
    await page.click('label:has(input[value="GENERATE"])');
    await page.fill('#prompt', 'a tiger in the center, white background');
    await finished();
    await page.click('#refine-this');
    await finished();
    expect(await page.locator('#regions').textContent()).toMatch(/Refined in \d+ place|Nothing/);
    expect(await page.locator('#title').textContent()).toBe('Make it finer');
  });

  it('complains of nothing meanwhile', () => {
    expect(complaints).toEqual([]);
  });
});
