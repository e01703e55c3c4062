import { LRUCache } from 'lru-cache';

const WINDOW_MS = 60_000;
/** Wrong keys of one caller that are heard out in a minute. */
const MAX_A_WINDOW = 30;
/** Callers that are remembered; the one that guessed longest ago leaves. */
const MAX_CALLERS = 10_000;

/** Counts wrong keys by caller, so that one caller's guesses do not shut out another. */
export class Guesses {
  readonly #callers = new LRUCache<string, { readonly since: number; count: number }>({ max: MAX_CALLERS });

  constructor(private readonly now: () => number) {}

  /** Notes a wrong key. @returns whether there were too many of them */
  wrong(caller: string): boolean {
    const known = this.#callers.get(caller);
    const guesses =
      known === undefined || this.now() - known.since >= WINDOW_MS ? { since: this.now(), count: 0 } : known;
    guesses.count += 1;
    this.#callers.set(caller, guesses);
    return guesses.count > MAX_A_WINDOW;
  }
}
