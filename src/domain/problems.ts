import { type ProblemCode, type ProblemDetails, type ProblemParameters, problemStatus } from './problem-codes.js';

/** Expected failures: data for clients, never a bug. Each becomes a GraphQL type and a member of the unions that can return it. */
export abstract class Problem extends Error {
  abstract readonly retryable: boolean;
  abstract readonly code: ProblemCode;
  /** What a sentence in another language needs to say. */
  abstract readonly parameters: ProblemParameters;
  /** The HTTP status where it is the answer to a request of its own. */
  get status(): number {
    return problemStatus[this.code];
  }
}

export class InvalidInput extends Problem {
  /** Only of an address from which no image came for a reason that may pass. */
  readonly retryable: boolean;
  readonly code: ProblemCode;
  readonly parameters: ProblemParameters;
  constructor(
    /** Path of the field in the input, e.g. `width`. */
    readonly field: string,
    message: string,
    { code, parameters = {}, retryable = false }: ProblemDetails = { code: 'INVALID_VALUE' },
  ) {
    super(message);
    this.retryable = retryable;
    this.code = code;
    this.parameters = { field, ...parameters };
  }
}

export class UnknownModel extends Problem {
  readonly retryable: boolean;
  readonly code: ProblemCode;
  readonly parameters: ProblemParameters;
  constructor(
    message: string,
    readonly available: readonly string[],
    received = '',
    { code, parameters = {}, retryable = false }: ProblemDetails = { code: 'UNKNOWN_MODEL' },
  ) {
    super(message);
    this.retryable = retryable;
    this.code = code;
    this.parameters = { field: 'model', received, available: available.join(', '), ...parameters };
  }
}

export class QueueFull extends Problem {
  readonly retryable = true;
  readonly parameters: ProblemParameters;
  constructor(
    message: string,
    readonly retryAfterMs: number,
    readonly code: 'QUEUE_FULL' | 'QUEUE_UNAVAILABLE' | 'SERVER_STOPPING' = 'QUEUE_FULL',
  ) {
    super(message);
    this.parameters = { retryAfterMs };
  }
}

/** The disk is full, or cannot be written for another reason: no image can be stored. */
export class StorageUnavailable extends Problem {
  readonly retryable = true;
  readonly code = 'STORAGE_UNAVAILABLE';
  readonly parameters: ProblemParameters = {};
  constructor() {
    super('This server cannot store anything at the moment. Try again later.');
  }
}

export class NotCached extends Problem {
  readonly retryable = false;
  readonly code = 'NOT_CACHED';
  readonly parameters: ProblemParameters;
  constructor(
    message: string,
    readonly fingerprint: string,
  ) {
    super(message);
    this.parameters = { fingerprint };
  }
}

export class NotFound extends Problem {
  readonly retryable = false;
  readonly code = 'NOT_FOUND';
  constructor(
    message: string,
    /** What was looked for: `type` and `id`. */
    readonly parameters: ProblemParameters = {},
  ) {
    super(message);
  }
}
