import { LRUCache } from 'lru-cache';

/** How a value came about: remembered, made by a flight that was under way, or made for this caller. */
export type Outcome = 'HIT' | 'SHARED' | 'MISS';

export interface Landing<V> {
  readonly value: V;
  readonly outcome: Outcome;
}

/** Makes a value; aborting `signal` stops the work. */
export type Make<V> = (signal: AbortSignal) => Promise<V>;

interface Flight<V> {
  readonly landed: Promise<V>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Remembers values up to a byte budget, and never makes one value twice at the same time.
 *
 * A failure is not remembered. The storage is lru-cache's; the flights are ours, because `lru-cache.fetch()` takes the first
 * caller's abort signal: one client's disconnect would fail all.
 */
export class SingleFlightLru<V extends object> {
  readonly #values: LRUCache<string, V>;
  readonly #flights = new Map<string, Flight<V>>();

  constructor(options: { readonly maxBytes: number; readonly bytesOf: (value: V) => number }) {
    this.#values = new LRUCache({
      maxSize: options.maxBytes,
      sizeCalculation: (value) => Math.max(1, options.bytesOf(value)),
    });
  }

  /** The remembered value, which thereby was used last. */
  recall(key: string): V | undefined {
    return this.#values.get(key);
  }

  /**
   * The remembered value, else a place in the flight that makes it.
   *
   * @param signal aborting leaves the flight: the work goes on as long as another caller waits for it
   * @throws the flight's failure, or the signal's reason once left
   */
  async get(key: string, make: Make<V>, { signal }: { readonly signal: AbortSignal }): Promise<Landing<V>> {
    signal.throwIfAborted();
    const remembered = this.recall(key);
    if (remembered !== undefined) return { value: remembered, outcome: 'HIT' };
    const running = this.#flights.get(key);
    const flight = running ?? this.#launch(key, make);
    flight.waiting++;
    const value = await unlessAborted(signal, flight.landed).finally(() => {
      // The work belongs to all that wait for it: only the last to leave may stop it.
      if (--flight.waiting === 0) this.#end(key, flight);
    });
    return { value, outcome: running === undefined ? 'MISS' : 'SHARED' };
  }

  #launch(key: string, make: Make<V>): Flight<V> {
    const abort = new AbortController();
    // Remembered before a caller is told, so that one who hears of the value can also recall it.
    const landed = launched(make, abort.signal).then((value) => {
      if (!abort.signal.aborted) this.#values.set(key, value);
      return value;
    });
    const flight: Flight<V> = { landed, abort, waiting: 0 };
    this.#flights.set(key, flight);
    const over = () => this.#forgetFlight(key, flight);
    landed.then(over, over);
    return flight;
  }

  #end(key: string, flight: Flight<V>): void {
    this.#forgetFlight(key, flight);
    flight.abort.abort();
  }

  /** A flight that was left by all may still be winding down while the next one under its key has begun. */
  #forgetFlight(key: string, flight: Flight<V>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

/** Like `make(…)`, but what it throws at once is a rejection too. */
async function launched<V>(make: Make<V>, signal: AbortSignal): Promise<V> {
  return make(signal);
}

/** The promise, or a rejection with the signal's reason, whichever is first. */
export function unlessAborted<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
