import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { type Program, type ProgramOptions, startProgram } from '../program.js';
import { openBrowser } from './browser.js';

export interface OwnPage {
  /** Of the browser's profile; removed at the end. */
  readonly folder: string;
  readonly program: Program;
  readonly page: Page;
}

/** A program and a browser for the tests of one block, there from its first hook on and closed after the last test. */
export function ownPage(options: ProgramOptions = {}): OwnPage {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-page-'));
  let program: Program;
  let context: BrowserContext;
  let page: Page;
  beforeAll(async () => {
    program = await startProgram(options);
    context = await openBrowser(folder, []);
    page = context.pages()[0] ?? (await context.newPage());
  });
  afterAll(async () => {
    await context?.close();
    await program?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    get program() {
      return program;
    },
    get page() {
      return page;
    },
  };
}

/** Presses the button and waits for the first image. */
export async function drawn(page: Page): Promise<void> {
  await page.click('#draw');
  await page.locator('#draw[aria-disabled=false]').waitFor();
  await page.locator('.tile.arrived').first().waitFor();
}
