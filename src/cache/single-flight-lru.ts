import { LRUCache } from 'lru-cache';

/** How a value came about: remembered, made by a flight that was under way, or made for this caller. */
export type Outcome = 'HIT' | 'SHARED' | 'MISS';

export interface Landing<V> {
  readonly value: V;
  readonly outcome: Outcome;
}

/** Makes a value. `emit` tells everyone who waits, now or later, what happens on the way; aborting `signal` stops the work. */
export type Make<V, E> = (signal: AbortSignal, emit: (event: E) => void) => Promise<V>;

export interface JoinOptions<E> {
  /** Aborting leaves the flight. The work goes on as long as anybody else waits for it. */
  readonly signal: AbortSignal;
  /** Called with everything that the flight emits after joining; what came before is in `Joined.history`. */
  readonly onEvent?: (event: E) => void;
}

/** A place in a flight. */
export interface Joined<V, E> {
  readonly outcome: 'SHARED' | 'MISS';
  readonly history: readonly E[];
  /** Rejects with the flight's failure, or with the signal's reason once left. */
  readonly landed: Promise<V>;
}

interface Flight<V, E> {
  readonly landed: Promise<V>;
  readonly abort: AbortController;
  readonly history: E[];
  readonly listeners: Set<(event: E) => void>;
  waiting: number;
}

/**
 * Remembers values up to a byte budget, and never makes one value twice at the same time.
 *
 * A failure is not remembered. The storage is lru-cache's; the flights are ours, because `lru-cache.fetch()` takes the first
 * caller's abort signal: one client's disconnect would fail all.
 */
export class SingleFlightLru<V extends object, E = never> {
  readonly #values: LRUCache<string, V>;
  readonly #flights = new Map<string, Flight<V, E>>();

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

  remember(key: string, value: V): void {
    this.#values.set(key, value);
  }

  forget(key: string): void {
    this.#values.delete(key);
  }

  /** Whether the value is being made at this moment. */
  flying(key: string): boolean {
    return this.#flights.has(key);
  }

  /** The remembered value, else a place in the flight that makes it. */
  async get(key: string, make: Make<V, E>, options: JoinOptions<E>): Promise<Landing<V>> {
    options.signal.throwIfAborted();
    const remembered = this.recall(key);
    if (remembered !== undefined) return { value: remembered, outcome: 'HIT' };
    const { outcome, landed } = this.join(key, make, options);
    return { value: await landed, outcome };
  }

  /**
   * A place in the flight that makes the value, started if there is none; what is remembered is not looked at, and is
   * replaced when the flight lands.
   */
  join(key: string, make: Make<V, E>, { signal, onEvent }: JoinOptions<E>): Joined<V, E> {
    signal.throwIfAborted();
    const running = this.#flights.get(key);
    const flight = running ?? this.#launch(key, make);
    const history = [...flight.history];
    flight.waiting++;
    if (onEvent !== undefined) flight.listeners.add(onEvent);
    const landed = unlessAborted(signal, flight.landed).finally(() => {
      if (onEvent !== undefined) flight.listeners.delete(onEvent);
      // The work belongs to everyone waiting: only the last to leave may stop it.
      if (--flight.waiting === 0) this.#end(key, flight);
    });
    return { outcome: running === undefined ? 'MISS' : 'SHARED', history, landed };
  }

  #launch(key: string, make: Make<V, E>): Flight<V, E> {
    const abort = new AbortController();
    const history: E[] = [];
    const listeners = new Set<(event: E) => void>();
    const emit = (event: E) => {
      history.push(event);
      for (const listener of [...listeners]) listener(event);
    };
    // Remembered before anybody is told, so that whoever hears of the value can also recall it.
    const landed = launched(make, abort.signal, emit).then((value) => {
      if (!abort.signal.aborted) this.#values.set(key, value);
      return value;
    });
    const flight: Flight<V, E> = { landed, abort, history, listeners, waiting: 0 };
    this.#flights.set(key, flight);
    const over = () => this.#forgetFlight(key, flight);
    landed.then(over, over);
    return flight;
  }

  #end(key: string, flight: Flight<V, E>): void {
    this.#forgetFlight(key, flight);
    flight.abort.abort();
  }

  /** A flight that was left by all may still be winding down while the next one under its key has begun. */
  #forgetFlight(key: string, flight: Flight<V, E>): void {
    if (this.#flights.get(key) === flight) this.#flights.delete(key);
  }
}

/** Like `make(…)`, but what it throws at once is a rejection too. */
async function launched<V, E>(make: Make<V, E>, signal: AbortSignal, emit: (event: E) => void): Promise<V> {
  return make(signal, emit);
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
