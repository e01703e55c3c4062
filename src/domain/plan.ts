import type { Job } from './job.js';

/** How an unfinished generation is made, so that another process can go on with it. */
export interface Plan {
  /** One an image, in the order of their seeds. */
  readonly jobs: readonly Job[];
  /** How often another process took it over. */
  readonly takeovers: number;
}

/** Take-overs without an end after which a generation is given up. */
export const MOST_TAKEOVERS = 2;

/** Numbers of events before a take-over are below those after it, however many were told. */
export const SEQUENCES_PER_OWNER = 1_000_000;
