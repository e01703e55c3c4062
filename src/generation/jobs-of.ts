import type { CanonicalImage } from '../domain/canonical.js';
import { JOB_VERSION, type Job, type StoredInputs } from '../domain/job.js';

/** What the jobs of a request have in common beside what decides their pixels. */
export type JobContext = Pick<Job, 'tenant' | 'caller' | 'request' | 'reuse' | 'deadlineMs' | 'traceparent'>;

/**
 * The jobs of a request's images, in order.
 *
 * @param inputs null where no images came with the request
 */
export function jobsOf(
  images: readonly { readonly image: CanonicalImage; readonly fingerprint: string }[],
  inputs: StoredInputs | null,
  context: JobContext,
): readonly Job[] {
  return images.map(({ image, fingerprint }) => ({ ...context, version: JOB_VERSION, fingerprint, image, inputs }));
}

/** Whether this version of the program runs the jobs as they are: another one may have queued or stored them. */
export function areCurrent(jobs: readonly Job[]): boolean {
  return jobs.every(({ version }) => version === JOB_VERSION);
}
