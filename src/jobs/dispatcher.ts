import type { Work } from './work.js';

/** How pictures are made: plain JSON, so that it can travel through a queue. */
export interface Job {
  readonly id: string;
  /** Whose it is. Everybody is anonymous until there are keys. */
  readonly tenant: string;
  readonly work: Work;
  /** Pixels times forwards, over all its pictures: what decides how long it takes. */
  readonly effort: number;
  readonly deadlineMs: number;
  /** The trace that asked for it, as the `traceparent` header writes it. */
  readonly traceparent: string | null;
}

/** One that can do jobs, one at a time: usually an engine. */
export interface Slot<R, E> {
  /** Ids of the models in its memory. */
  loaded(): readonly string[];
  run(job: Job, options: { readonly signal: AbortSignal; readonly onEvent: (event: E) => void }): Promise<R>;
}

export interface SubmitOptions<E> {
  /** Aborting takes the job out of the queue at once, or stops it; `submit` then rejects with the signal's reason. */
  readonly signal: AbortSignal;
  /** How many jobs wait before it: once when it begins to wait, then on every change. Not called when it starts at once. */
  readonly onPosition: (position: number) => void;
  readonly onStart: () => void;
  readonly onEvent: (event: E) => void;
}

/** Brings jobs to whoever can do them, in the order they came. */
export interface Dispatcher<R, E> {
  /** Whether `count` jobs more would be taken now. @throws QueueIsFull */
  admit(count: number): void;
  /** Resolves with what the job made; rejects with its failure, or with QueueIsFull. */
  submit(job: Job, options: SubmitOptions<E>): Promise<R>;
  /** Jobs that wait. */
  waiting(): number;
}

/** The queue takes no more jobs. */
export class QueueIsFull extends Error {
  override readonly name = 'QueueIsFull';
  constructor(
    message: string,
    /** After this long what waits should be done, as jobs have lately taken for each pixel of a forward. */
    readonly retryAfterMs: number,
  ) {
    super(message);
  }
}
