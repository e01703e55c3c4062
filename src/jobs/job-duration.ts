/** What a job takes, as the recent ones did: each new one counts a fifth. */
export class JobDuration {
  /** Until a job has finished: a guess for a small picture on a CPU. */
  #averageMs = 2000;
  #known = false;

  get averageMs(): number {
    return this.#averageMs;
  }

  add(ms: number): void {
    this.#averageMs = this.#known ? this.#averageMs * 0.8 + ms * 0.2 : ms;
    this.#known = true;
  }
}
