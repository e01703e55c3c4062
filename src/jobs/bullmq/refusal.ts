import { QueueFull } from '../../domain/problems.js';
import { Pace } from '../pace.js';

/** The queue as the refusing script saw it. */
export interface Fullness {
  /** Requests. */
  readonly waiting: number;
  /** Workers that can run jobs at the same time. */
  readonly slots: number;
  /** Of all that wait. */
  readonly cost: string;
  /** Milliseconds a unit of cost, as the workers have lately taken; empty before the first job. */
  readonly pace: string;
  readonly running: readonly { readonly cost: number; readonly ms: number }[] | object;
}

/** The shortest `retryAfterMs`. */
const SHORTEST_MS = 250;

/** What is left of the jobs that run, and all of those that wait, at the pace of the recent ones. */
export function refusalOf({ waiting, slots, cost, pace, running }: Fullness, limit: number): QueueFull {
  const known = new Pace(pace === '' ? undefined : Number(pace));
  // Lua writes an empty list as an object.
  const left = (Array.isArray(running) ? running : []).map((job) => Math.max(0, known.msOf(job.cost) - job.ms));
  const total = left.reduce((sum, ms) => sum + ms, 0) + known.msOf(Number(cost));
  const after = Math.max(SHORTEST_MS, Math.round(total / Math.max(1, slots)));
  return new QueueFull(
    `${waiting} of at most ${limit} requests are waiting. Try again in ${Math.ceil(after / 1000)} s.`,
    after,
  );
}
