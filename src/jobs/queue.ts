import type { Job, JobEvent } from '../domain/job.js';
import { QueueFull } from '../domain/problems.js';

/** A waiter's place in the making of an image. */
export interface Joined {
  /** MISS where this waiter's job was added, SHARED where another's is under way. */
  readonly outcome: 'MISS' | 'SHARED';
  /** What it has told so far. */
  readonly history: readonly JobEvent[];
}

export interface Waiter {
  /** A generation's id. */
  readonly id: string;
  /** Told everything that happens to its jobs after `Joined.history`, in order. */
  readonly onEvent: (index: number, event: JobEvent) => void;
}

/** What waits and what runs. */
export interface Depth {
  readonly waiting: number;
  readonly running: number;
}

/** Jobs by model, for metrics and for what starts and stops workers. */
export interface QueueMetrics {
  /** By BullMQ's states; jobs with a fair turn are `prioritized`. */
  readonly counts: Readonly<Record<'waiting' | 'prioritized' | 'active', number>>;
  readonly models: Readonly<Record<string, Depth>>;
  /** Milliseconds that the oldest waiting job has waited; 0 where none waits. */
  readonly oldestMs: number;
}

/** What decides whether there is a place for a job. */
export type Place = Pick<Job, 'fingerprint' | 'request' | 'caller'>;

/**
 * Brings jobs to workers. What is made by one fingerprint is made once, however many wait for it: one waiter leaving never harms
 * another, and the last to leave stops the work.
 */
export interface Queue {
  /** Whether jobs for these places would be taken now. @throws QueueFull */
  capacity(places: readonly Place[]): Promise<void>;
  /**
   * Joins the jobs of these fingerprints; those without a job get one: all of them or none.
   *
   * @param force takes them however many wait: they were accepted before
   * @throws QueueFull
   */
  add(jobs: readonly Job[], waiter: Waiter, options?: { readonly force?: boolean }): Promise<readonly Joined[]>;
  /** The waiter leaves all its jobs. */
  leave(waiter: string): Promise<void>;
  /** Requests that wait before the job; null where it does not wait. */
  position(fingerprint: string): Promise<number | null>;
  depth(): Promise<Depth>;
  metrics(): Promise<QueueMetrics>;
  /** Resolves when nothing runs any more. */
  idle(): Promise<void>;
}

/** A job in a worker's hands. */
export interface Task {
  readonly job: Job;
  /** Which try this is, from 1. */
  readonly attempt: number;
  /** When it was added, in milliseconds since the epoch. */
  readonly addedAt: number;
  /** Aborted when all have left. */
  readonly signal: AbortSignal;
  readonly emit: (event: JobEvent) => void;
}

/** One that makes images, so many at a time as share a model call. */
export interface Worker {
  /** Ids of the models in its memory. */
  loaded(): readonly string[];
  /** Images of different requests that one model call takes. */
  readonly batch: number;
  /**
   * Makes the images of compatible jobs. How each ends is told by its last event.
   *
   * @throws what kept all of them from ending, as the loss of an engine does
   */
  run(tasks: readonly Task[]): Promise<void>;
}

/** What brings jobs to the workers cannot be reached at the moment. */
export const queueUnavailable = (): QueueFull =>
  new QueueFull('The queue cannot be reached at the moment. Try again in 2 s.', 2000, 'QUEUE_UNAVAILABLE');
