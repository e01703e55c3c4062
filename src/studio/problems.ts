/** Expected failures: data for clients, never a bug. Each becomes a GraphQL type and a member of the unions that can return it. */
export abstract class Problem extends Error {
  abstract readonly retryable: boolean;
}

export class InvalidInput extends Problem {
  readonly retryable = false;
  constructor(
    /** Path of the field in the input, e.g. `width`. */
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

export class UnknownModel extends Problem {
  readonly retryable = false;
  constructor(
    message: string,
    readonly available: readonly string[],
  ) {
    super(message);
  }
}

export class QueueFull extends Problem {
  readonly retryable = true;
  constructor(
    message: string,
    readonly retryAfterMs: number,
  ) {
    super(message);
  }
}

export class NotCached extends Problem {
  readonly retryable = false;
  constructor(
    message: string,
    readonly fingerprint: string,
  ) {
    super(message);
  }
}

export class NotFound extends Problem {
  readonly retryable = false;
}
