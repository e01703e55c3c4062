/** How fast jobs go, as the recent ones did: each new one counts a fifth. */
export class Pace {
  /** Until a job has finished: two seconds for 256 × 256 in 8 steps, a guess for a small model on a CPU. */
  #msPerEffort = 2000 / (256 * 256 * 8);
  #known = false;

  /** What a job should take. */
  msFor(effort: number): number {
    return this.#msPerEffort * effort;
  }

  add(effort: number, ms: number): void {
    const own = ms / effort;
    this.#msPerEffort = this.#known ? this.#msPerEffort * 0.8 + own * 0.2 : own;
    this.#known = true;
  }
}
