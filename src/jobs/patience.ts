import { StorageUnavailable } from '../domain/problems.js';
import type { Clock } from '../environment/clock.js';

/** Milliseconds between two tries. */
const BETWEEN_MS = 500;

/** Tries again while a store cannot be reached. */
export type Patience = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** For a data folder: where that is full, waiting makes no room. */
export const noPatience: Patience = (work) => work();

/**
 * For stores of other machines, which come back: an image that was computed should not be lost to their outage.
 *
 * @param limitMs after which the last failure stands
 */
export function patienceOf(limitMs: number, clock: Clock): Patience {
  return async (work, signal) => {
    const limit = clock.now() + limitMs;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof StorageUnavailable) || signal.aborted || clock.now() > limit) throw error;
        await new Promise<void>((resolve) => clock.after(BETWEEN_MS, resolve));
      }
    }
  };
}
