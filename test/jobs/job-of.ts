import { JOB_VERSION, type Job } from '../../src/domain/job.js';
import { unguided } from '../../src/domain/sampling.js';

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
  return {
    ...{
      version: JOB_VERSION,
      fingerprint,
      inputs: null,
      request,
      caller,
      tenant: 'anonymous',
      reuse: true,
      deadlineMs: 1000,
      traceparent: null,
    },
    image: {
      ...{ operation: 'GENERATE', model, content: '', device: 'cpu', runtime: '', maxPromptTokens: 512 },
      prompt: { text: prompt, negative: '' },
      sampling: { ...unguided, steps, loras: [] },
      ...{ width, height: 64, seed: 7 },
    },
  };
}
