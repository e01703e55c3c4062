/** Places for work that is done several at a time. Whoever finds none waits, first come first served. */
export class Room {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(places: number) {
    this.#free = places;
  }

  /** Runs `work` when there is a place. @throws the signal's reason when it ends the wait */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal?.removeEventListener('abort', gone);
        resolve();
      };
      const gone = () => {
        this.#waiting.delete(enter);
        reject(signal!.reason);
      };
      this.#waiting.add(enter);
      signal?.addEventListener('abort', gone, { once: true });
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    // The place is handed over, not given back, so that nobody slips in between.
    if (next === undefined) this.#free++;
    else {
      this.#waiting.delete(next);
      next();
    }
  }
}
