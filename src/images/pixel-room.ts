/**
 * Room for so many decoded pixels. Who brings more than there is room for waits, first come first served, unless nobody is inside: a
 * image that is larger than the room comes in alone.
 */
export class PixelRoom {
  readonly #most: number;
  #inside = 0;
  readonly #waiting = new Set<{ readonly pixels: number; readonly enter: () => void }>();

  constructor(pixels: number) {
    this.#most = pixels;
  }

  /** Begins one visit: its first image waits for room, its further ones come along, so that two visits never wait for each other. */
  visit(): PixelVisit {
    let inside = 0;
    let over = false;
    return {
      enter: async (pixels, signal) => {
        if (inside === 0) await this.#enter(pixels, signal);
        else this.#inside += pixels;
        inside += pixels;
        if (over) this.#leave(pixels);
      },
      leave: () => {
        if (over) return;
        over = true;
        this.#leave(inside);
      },
    };
  }

  async #enter(pixels: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#waiting.size === 0 && this.#fits(pixels)) {
      this.#inside += pixels;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const gone = () => {
        this.#waiting.delete(waiting);
        reject(signal.reason);
        this.#letIn();
      };
      const enter = () => {
        signal.removeEventListener('abort', gone);
        resolve();
      };
      const waiting = { pixels, enter };
      this.#waiting.add(waiting);
      signal.addEventListener('abort', gone, { once: true });
    });
  }

  #leave(pixels: number): void {
    this.#inside -= pixels;
    this.#letIn();
  }

  #letIn(): void {
    for (const waiting of this.#waiting) {
      if (!this.#fits(waiting.pixels)) return;
      this.#waiting.delete(waiting);
      this.#inside += waiting.pixels;
      waiting.enter();
    }
  }

  #fits(pixels: number): boolean {
    return this.#inside === 0 || this.#inside + pixels <= this.#most;
  }
}

/** What one request holds decoded. */
export interface PixelVisit {
  /** @throws the signal's reason when it ends the wait */
  enter(pixels: number, signal: AbortSignal): Promise<void>;
  /** Gives all of it back. */
  leave(): void;
}
