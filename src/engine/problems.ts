import type { Fault } from '../checkpoint/index.js';

/** Failures of a job that had begun. They travel to clients as data, so their messages are written for people. */
export abstract class EngineProblem extends Error {
  abstract readonly code: 'EngineLost' | 'DeadlineExceeded' | 'NonFinite';
  abstract readonly retryable: boolean;
}

/** The engine's process ended or stopped answering while the job ran. */
export class EngineLost extends EngineProblem {
  readonly code = 'EngineLost';
  readonly retryable = true;
}

/** The job ran longer than its deadline allows. */
export class DeadlineExceeded extends EngineProblem {
  readonly code = 'DeadlineExceeded';
  readonly retryable = true;
}

/** The mathematics produced an infinity or a not-a-number. */
export class NonFinite extends EngineProblem {
  readonly code = 'NonFinite';
  readonly retryable = false;
  constructor(
    message: string,
    /** The step after which it was seen, from 1; 0 is the encoding of prompt or image, total + 1 the decoded image. */
    readonly step: number,
  ) {
    super(message);
  }
}

/**
 * Files changed since a job was resolved, so its image would not be the requested one. A repeated request uses the files as they are
 * then.
 */
export class FilesChanged extends Error {
  override readonly name = 'FilesChanged';

  constructor(
    /** `The model "x"` */
    readonly what: string,
    /** Hashes of its content, in short: that which the job was made for, and that which is there. Null where they are not known. */
    readonly hashes: { readonly expected: string; readonly received: string } | null = null,
  ) {
    const which = hashes === null ? '' : ` (expected ${hashes.expected} but received ${hashes.received})`;
    super(`${what} was replaced while this waited or was drawn${which}. Send the request again.`);
  }
}

/** Files that a job needs cannot be used. The message names them and goes to the log only. */
export class FilesUnusable extends Error {
  constructor(
    message: string,
    readonly fault: Fault,
    /** Of the error that said so. */
    override readonly name: string,
  ) {
    super(message);
  }
}
