import { describe, expect, it } from 'vitest';
import type { JobEvent } from '../../src/domain/job.js';
import { toProblemRecord } from '../../src/generation/problem-record.js';
import { noPatience } from '../../src/jobs/patience.js';
import { type RunParts, runJobs } from '../../src/jobs/run-job.js';
import { jobOf } from './job-of.js';

/** A worker that must not compute and has nothing stored. */
const unused = () => {
  throw new Error('It was not to be used.');
};
const parts: RunParts = {
  engine: { run: unused },
  inputs: { read: unused, readMask: unused },
  images: { put: unused, read: unused, intact: unused, release: unused, close: unused },
  records: { find: async () => null, save: unused },
  now: () => 0,
  problemOf: toProblemRecord,
  measures: { job() {}, stage() {} },
  patience: noPatience,
  computedBy: { device: 'cuda', runtime: 'ort 2' },
};

describe('a job that was asked of another device or runtime', () => {
  it('fails with a problem that names both and may be sent again, since its image would have another fingerprint', async () => {
    const events: JobEvent[] = [];
    const emit = (event: JobEvent) => void events.push(event);
    const task = { job: jobOf('f'), attempt: 1, addedAt: 0, signal: new AbortController().signal, emit };
    await runJobs([task], parts);
    expect(events.at(-1)).toEqual({
      type: 'failed',
      problem: {
        ...{ code: 'Failed', reason: 'FILES_CHANGED', retryable: true },
        message:
          'What computes was replaced while this waited or was drawn (expected cpu but received cuda ort 2). Send the request again.',
      },
    });
  });
});
