import type { ProblemRecord } from '../domain/problem.js';
import type { ProblemCode, ProblemParameters } from '../domain/problem-codes.js';
import { StorageUnavailable } from '../domain/problems.js';
import { EngineProblem, FilesChanged, FilesUnusable, NonFinite } from '../engine/problems.js';
import { SourceGone } from '../jobs/engine-job.js';
import { isFull } from '../stores/disk/disk-errors.js';

/** Neither the first process nor the two that took it over came to its end. */
export const interrupted: ProblemRecord = {
  code: 'Interrupted',
  message: 'The server stopped three times before this generation was finished. Send the request again.',
  retryable: true,
};

/** Another version of this program stored its jobs in a form that this one does not run. */
export const outdated: ProblemRecord = {
  code: 'Interrupted',
  message: 'The server was upgraded before this generation was finished. Send the request again.',
  retryable: true,
};

/** A failure as clients see it. Of an unexpected one, they only learn that there was one. */
export function toProblemRecord(error: unknown): ProblemRecord {
  if (error instanceof EngineProblem) {
    const { code, message, retryable } = error;
    return error instanceof NonFinite ? { code, message, retryable, step: error.step } : { code, message, retryable };
  }
  if (error instanceof StorageUnavailable || isFull(error) || saysOf(error, noRoom))
    return { code: 'StorageUnavailable', message: new StorageUnavailable().message, retryable: true };
  if (saysOf(error, noMemory))
    return {
      code: 'Failed',
      message: 'The machine had no memory left for this generation. Send the request again later.',
      retryable: true,
      reason: 'OUT_OF_MEMORY',
    };
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

/** What the engine's process says, from where an error comes as a name and a sentence. */
const noRoom = /\b(ENOSPC|EDQUOT)\b|no space left on device/i;
const noMemory =
  /\bENOMEM\b|bad_alloc|bad allocation|out of memory|cannot allocate memory|failed to allocate memory|CUDA_ERROR_OUT_OF_MEMORY|allocation failed/i;

const saysOf = (error: unknown, pattern: RegExp): boolean => error instanceof Error && pattern.test(error.message);

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
