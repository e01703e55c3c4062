import type { Job } from '../../src/domain/job.js';

export interface JobChanges {
  readonly request?: string;
  readonly caller?: string;
  readonly model?: string;
  readonly prompt?: string;
  readonly steps?: number;
  readonly width?: number;
}

/** A job for one image, by the name of which it is made once. */
export function jobOf(fingerprint: string, changes: JobChanges = {}): Job {
  const { request = fingerprint, caller = 'anonymous', model = 'x', prompt = 'a cat', steps = 1, width = 64 } = changes;
  const sampling = { steps, guidance: 0, guidanceNormalization: 0, guidanceTruncation: 1, loras: [], seed: 7 };
  const drawing = { ...sampling, model, prompt, negativePrompt: '', width, height: 64 };
  return {
    ...{ fingerprint, request, caller, tenant: 'anonymous', reuse: true, deadlineMs: 1000, traceparent: null },
    work: { ...drawing, operation: 'GENERATE' },
    recipe: { ...drawing, change: null, fingerprint },
  };
}
