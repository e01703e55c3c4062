import type { ProblemRecord } from '../domain/problem.js';
import { EngineProblem, FilesChanged, FilesUnusable, NonFinite } from '../engine/problems.js';
import { SourceGone } from '../jobs/engine-job.js';
import type { ProblemCode, ProblemParameters } from './problem-codes.js';
import { StorageUnavailable } from './problems.js';

/** Neither the first process nor the two that took it over came to its end. */
export const interrupted: ProblemRecord = {
  code: 'Interrupted',
  message: 'The server stopped three times before this generation was finished. Send the request again.',
  retryable: true,
};

/** What clients are told of a failure. Of those that nobody expected: nothing but that. */
export function toProblemRecord(error: unknown): ProblemRecord {
  if (error instanceof EngineProblem) {
    const { code, message, retryable } = error;
    return error instanceof NonFinite ? { code, message, retryable, step: error.step } : { code, message, retryable };
  }
  if (error instanceof StorageUnavailable)
    return { code: 'StorageUnavailable', message: error.message, retryable: true };
  if (error instanceof SourceGone)
    return { code: 'Failed', message: error.message, retryable: true, reason: 'SOURCE_GONE' };
  if (error instanceof FilesChanged)
    return { code: 'Failed', message: error.message, retryable: true, reason: 'FILES_CHANGED' };
  if (error instanceof FilesUnusable)
    return {
      code: 'Failed',
      message: 'The model, or a LoRA that was asked for, cannot be used on this server.',
      retryable: error.fault === 'changing',
      reason: 'UNUSABLE_MODEL',
    };
  return { code: 'Failed', message: 'This generation failed for a reason that was not expected.', retryable: false };
}

const codes = {
  EngineLost: 'ENGINE_LOST',
  Interrupted: 'INTERRUPTED',
  DeadlineExceeded: 'DEADLINE_EXCEEDED',
  NonFinite: 'NON_FINITE',
  StorageUnavailable: 'STORAGE_UNAVAILABLE',
  Failed: 'FAILED',
} as const satisfies Record<ProblemRecord['code'], ProblemCode>;

/** What clients decide by. */
export function codeOf({ code, reason }: ProblemRecord): ProblemCode {
  return reason ?? codes[code];
}

export function parametersOf({ step }: ProblemRecord): ProblemParameters {
  return step === undefined ? {} : { step };
}
