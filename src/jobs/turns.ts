/** What waits for its turn. */
export interface Waiting {
  /** Equal keys take turns among one another in the order in which they came. */
  readonly caller: string;
  readonly cost: number;
}

/**
 * Start-time fair queueing: each caller's work is laid end to end on a line of virtual time, and what begins first on any line is served
 * first. A caller with much to do waits behind itself, one that comes new behind what is served at that moment.
 *
 * @see https://www.cs.utexas.edu/~vin/papers/sfq.pdf
 */
export class Turns<T extends Waiting> {
  /** In the order in which they will be served. */
  readonly #line: { readonly start: number; readonly item: T }[] = [];
  /** Where the work of each caller ends, in virtual time. */
  readonly #ends = new Map<string, number>();
  #now = 0;

  add(item: T): void {
    const start = Math.max(this.#now, this.#ends.get(item.caller) ?? 0);
    this.#ends.set(item.caller, start + item.cost);
    this.#insert(start, item);
  }

  /** Before all others, as what was begun and has to be begun again. */
  addFirst(item: T): void {
    this.#insert(Number.NEGATIVE_INFINITY, item);
  }

  remove(item: T): boolean {
    const index = this.#line.findIndex((waiting) => waiting.item === item);
    if (index < 0) return false;
    this.#line.splice(index, 1);
    return true;
  }

  /** The next, which is then taken out. */
  take(): T | undefined {
    const next = this.#line.shift();
    if (next === undefined) return undefined;
    this.#now = Math.max(this.#now, next.start);
    return next.item;
  }

  /** Nothing waits and nothing is served: all begin anew. */
  reset(): void {
    this.#ends.clear();
    this.#now = 0;
  }

  get items(): readonly T[] {
    return this.#line.map(({ item }) => item);
  }

  get length(): number {
    return this.#line.length;
  }

  /** A later item stands behind those that begin at the same virtual time. */
  #insert(start: number, item: T): void {
    const after = this.#line.findLastIndex((waiting) => waiting.start <= start);
    this.#line.splice(after + 1, 0, { start, item });
  }
}
