import type { Clock } from '../environment/clock.js';

/** The time that work was given is over. */
export class TimeIsOver extends Error {
  override readonly name = 'TimeIsOver';
}

/**
 * Does work under a signal that ends with the caller's, or when its time is over. The timer is ours: on Node 20 the signal of
 * `AbortSignal.timeout` is collected where nothing but `AbortSignal.any` holds it, and never fires.
 *
 * @throws TimeIsOver, the signal's reason, or what the work throws
 */
export async function withinTime<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const ending = new AbortController();
  const leave = () => ending.abort(signal.reason);
  signal.addEventListener('abort', leave, { once: true });
  const stop = clock.after(ms, () => ending.abort(new TimeIsOver(`It took longer than ${ms} ms.`)));
  try {
    return await work(ending.signal);
  } catch (error) {
    // What was cut off says so in many ways.
    ending.signal.throwIfAborted();
    throw error;
  } finally {
    stop();
    signal.removeEventListener('abort', leave);
  }
}
