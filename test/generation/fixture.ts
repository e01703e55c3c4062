import { afterEach } from 'vitest';
import type { CallersUseCases } from './as-caller.js';
import { type OpenOptions, openStudio } from './open-studio.js';

export * from './open-studio.js';

const open = new Set<CallersUseCases>();

afterEach(async () => {
  await Promise.all([...open].map((service) => service.close(0)));
  open.clear();
});

/** A studio on a folder of its own, closed when the test is over. */
export async function studioFor(options: OpenOptions = {}): Promise<CallersUseCases> {
  const service = await openStudio(options);
  open.add(service);
  return service;
}
