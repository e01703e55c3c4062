import { LRUCache } from 'lru-cache';
import { unlessAborted } from '../environment/unless-aborted.js';

/** How a value came about: remembered, made by a flight that was under way, or made for this caller. */
export type Outcome = 'HIT' | 'SHARED' | 'MISS';

export interface Result<V> {
  readonly value: V;
  readonly outcome: Outcome;
}

/** Makes a value; aborting `signal` stops the work. */
export type Make<V> = (signal: AbortSignal) => Promise<V>;

interface InFlight<V> {
  readonly result: Promise<V>;
  readonly abort: AbortController;
  waiting: number;
}

/**
 * Remembers values up to a byte budget, and never makes one value twice at the same time.
 *
 * A failure is not remembered. The storage is lru-cache's; the flights are ours, because `lru-cache.fetch()` takes the first
 * caller's abort signal: one client's disconnect would fail all.
 */
export class CoalescingCache<V extends object> {
  readonly #values: LRUCache<string, V>;
  readonly #flights = new Map<string, InFlight<V>>();

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
  async get(key: string, make: Make<V>, { signal }: { readonly signal: AbortSignal }): Promise<Result<V>> {
    signal.throwIfAborted();
    const remembered = this.recall(key);
    if (remembered !== undefined) return { value: remembered, outcome: 'HIT' };
    const running = this.#flights.get(key);
    const inFlight = running ?? this.#launch(key, make);
    inFlight.waiting++;
    const value = await unlessAborted(signal, inFlight.result).finally(() => {
      // The work belongs to all that wait for it: only the last to leave may stop it.
      if (--inFlight.waiting === 0) this.#end(key, inFlight);
    });
    return { value, outcome: running === undefined ? 'MISS' : 'SHARED' };
  }

  #launch(key: string, make: Make<V>): InFlight<V> {
    const abort = new AbortController();
    // Remembered before a caller is told, so that one who hears of the value can also recall it.
    const result = launched(make, abort.signal).then((value) => {
      if (!abort.signal.aborted) this.#values.set(key, value);
      return value;
    });
    const inFlight: InFlight<V> = { result, abort, waiting: 0 };
    this.#flights.set(key, inFlight);
    const over = () => this.#forgetFlight(key, inFlight);
    result.then(over, over);
    return inFlight;
  }

  #end(key: string, inFlight: InFlight<V>): void {
    this.#forgetFlight(key, inFlight);
    inFlight.abort.abort();
  }

  /** A flight that was left by all may still be winding down while the next one under its key has begun. */
  #forgetFlight(key: string, inFlight: InFlight<V>): void {
    if (this.#flights.get(key) === inFlight) this.#flights.delete(key);
  }
}

/** Like `make(…)`, but what it throws at once is a rejection too. */
async function launched<V>(make: Make<V>, signal: AbortSignal): Promise<V> {
  return make(signal);
}
