import { RenderRefused } from './problems.js';

const MINUTE = 60_000;

/** How many new images the addresses of each key id may start: so many at once, which come back evenly over a minute. */
export class RenderBudget {
  readonly #perMinute: number;
  readonly #now: () => number;
  /** By key id, of which there are as many as are configured. */
  readonly #accounts = new Map<string, { left: number; at: number }>();

  constructor(perMinute: number, now: () => number) {
    this.#perMinute = perMinute;
    this.#now = now;
  }

  /** @throws RenderRefused */
  spend(keyId: string): void {
    const now = this.#now();
    const { left, at } = this.#accounts.get(keyId) ?? { left: this.#perMinute, at: now };
    const has = Math.min(this.#perMinute, left + ((now - at) * this.#perMinute) / MINUTE);
    if (has < 1)
      throw new RenderRefused(
        429,
        'TOO_MANY_RENDERS',
        `Expected at most ${this.#perMinute} new images a minute by one key but received more.`,
        Math.ceil(((1 - has) * MINUTE) / this.#perMinute / 1000),
      );
    this.#accounts.set(keyId, { left: has - 1, at: now });
  }
}
