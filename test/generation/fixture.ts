import { afterEach } from 'vitest';
import type { Studio } from '../../src/generation/types.js';
import { type OpenOptions, openStudio } from './open-studio.js';

export * from './open-studio.js';

const open = new Set<Studio>();

afterEach(async () => {
  await Promise.all([...open].map((studio) => studio.close(0)));
  open.clear();
});

/** A studio on a folder of its own, closed when the test is over. */
export async function studioFor(options: OpenOptions = {}): Promise<Studio> {
  const studio = await openStudio(options);
  open.add(studio);
  return studio;
}
