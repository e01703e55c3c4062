import type { Clock } from '../environment/clock.js';

export interface LookoutOptions {
  readonly clock: Clock;
  /** Milliseconds for which what was seen holds. */
  readonly freshMs: number;
  /** Milliseconds between two looks at what has failed. */
  readonly everyMs: number;
  /** Looks, and calls `seen` when it knows. */
  readonly look: () => Promise<void>;
}

/** When something that may fail is looked at: one look at a time, none while the last is fresh, and again and again while it fails. */
export class Lookout {
  readonly #options: LookoutOptions;
  #seenAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<void> | null = null;
  #stop = () => {};
  #closed = false;

  constructor(options: LookoutOptions) {
    this.#options = options;
  }

  /** Looks, unless that was just done, and waits for the answer. */
  async look(): Promise<void> {
    const { clock, freshMs, look } = this.#options;
    if (this.#closed || clock.now() - this.#seenAt < freshMs) return;
    this.#looking ??= look().finally(() => {
      this.#looking = null;
    });
    await this.#looking;
  }

  /** What was looked at is known. */
  seen(): void {
    this.#seenAt = this.#options.clock.now();
  }

  /** It has failed: there is another look a while from now. */
  again(): void {
    this.#stop();
    if (!this.#closed) this.#stop = this.#options.clock.after(this.#options.everyMs, () => void this.look());
  }

  close(): void {
    this.#closed = true;
    this.#stop();
  }
}
