import type { ProblemCode } from './problem-codes.js';

/** A problem of a generation that had begun, as it is stored. */
export interface ProblemRecord {
  readonly code: 'EngineLost' | 'Interrupted' | 'DeadlineExceeded' | 'NonFinite' | 'StorageUnavailable' | 'Failed';
  readonly message: string;
  readonly retryable: boolean;
  /** Of NonFinite. */
  readonly step?: number;
  /** Where clients can tell it more exactly than by `code`, the name of its type. */
  readonly reason?: ProblemCode;
}
