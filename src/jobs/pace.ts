import type { Job } from '../domain/job.js';
import { stepsRun } from '../engine/pipelines/schedule.js';

/** What a job costs: pixels × model calls, of which guidance makes two a step. */
export function costOf({ image }: Job): number {
  const { sampling, width, height } = image;
  return stepsRun(image) * (sampling.guidance > 0 ? 2 : 1) * width * height;
}

/** How fast jobs go, as the recent ones did: each new one counts a fifth. */
export class Pace {
  /** Milliseconds a unit of cost. Until a job has finished: two seconds for 256 × 256 in 8 steps, a guess for a small model on a CPU. */
  #msPerCost: number;
  #known = false;

  constructor(msPerCost = 2000 / (256 * 256 * 8)) {
    this.#msPerCost = msPerCost;
  }

  msOf(cost: number): number {
    return cost * this.#msPerCost;
  }

  add(cost: number, ms: number): void {
    const latest = ms / Math.max(1, cost);
    this.#msPerCost = this.#known ? this.#msPerCost * 0.8 + latest * 0.2 : latest;
    this.#known = true;
  }
}
