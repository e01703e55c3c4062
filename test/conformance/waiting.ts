import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import type { Job, JobEvent } from '../../src/domain/job.js';
import type { Queue } from '../../src/jobs/queue.js';
import { type JobChanges, jobOf } from '../jobs/job-of.js';

export const stage = { type: 'stage-started', stage: 'DENOISE', at: 1, key: 'k' } as const;

/** For implementations that hand jobs over in another turn, or through another program. */
export const soon = (assertion: () => void | Promise<void>) => vi.waitFor(assertion, { timeout: 15_000, interval: 2 });
/** Time in which something that must not happen would have happened. */
export const settled = () => sleep(30);

let waiters = 0;

/** A waiter of its own for one image. `events` leaves positions out. */
export async function join(queue: Queue, name: string, changes: JobChanges = {}, options: { force?: boolean } = {}) {
  const id = `waiter ${waiters++}`;
  const heard: JobEvent[] = [];
  const job: Job = jobOf(name, { request: id, ...changes });
  const [joined] = await queue.add([job], { id, onEvent: (_, event) => heard.push(event) }, options);
  const all = () => [...joined!.history, ...heard];
  return {
    ...{ id, joined: joined!, all, events: () => all().filter(({ type }) => type !== 'position') },
    positions: () => all().flatMap((event) => (event.type === 'position' ? event.position : [])),
  };
}
