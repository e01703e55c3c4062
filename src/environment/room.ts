// Counts places and keeps the line before them, also where work throws at once.
import pLimit, { type LimitFunction } from 'p-limit';

/** Places for work that is done several at a time. The rest waits, first come first served. */
export class Room {
  readonly #limit: LimitFunction;

  constructor(places: number) {
    this.#limit = pLimit(places);
  }

  /** Runs `work` when there is a place. @throws the signal's reason when it ends the wait */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (signal === undefined) return this.#limit(work);
    return new Promise<T>((resolve, reject) => {
      const leave = () => reject(signal.reason);
      if (signal.aborted) return leave();
      signal.addEventListener('abort', leave, { once: true });
      // p-limit knows no signal: the turn of a waiter that has left is over at once.
      const turn = () => {
        signal.removeEventListener('abort', leave);
        return signal.aborted ? Promise.reject(signal.reason) : work();
      };
      this.#limit(turn).then(resolve, reject);
    });
  }
}
