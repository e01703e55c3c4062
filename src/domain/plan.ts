import type { Job } from './job.js';

/** How an unfinished generation is made, so that another process can go on with it. */
export interface Plan {
  /** One an image, in the order of their seeds. */
  readonly jobs: readonly Job[];
  /** How often another process took it over. */
  readonly takeovers: number;
  /** How often of these the process before had ended in order; left out, never. */
  readonly handovers?: number;
}

/** Take-overs without an end, from processes that did not end in order, after which a generation is given up. */
export const MOST_TAKEOVERS = 2;

/** Numbers of events before a take-over are below those after it. */
export const SEQUENCES_PER_OWNER = 1_000_000;
