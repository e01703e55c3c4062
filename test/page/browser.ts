import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type BrowserContext, type BrowserContextOptions, chromium } from 'playwright-core';

const browser = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

/** In CI there must be one: its tests then fail rather than being skipped. */
export const hasBrowser = browser !== undefined || process.env.CI !== undefined;
if (!hasBrowser) console.log('No Chromium here: the test of the page was skipped. (Debian: apt-get install chromium)');

const flags = [
  '--headless=new',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/**
 * A real Chromium with a profile of its own in `folder`.
 *
 * @param complaints gathers what the console complains about
 */
export async function openBrowser(
  folder: string,
  complaints: string[],
  options: BrowserContextOptions = {},
): Promise<BrowserContext> {
  const opened = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: browser ?? '/usr/bin/chromium',
    args: flags,
    locale: 'en-GB',
    viewport: { width: 1280, height: 860 },
    ...options,
  });
  opened.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  opened.on('weberror', (error) => complaints.push(String(error.error())));
  return opened;
}
