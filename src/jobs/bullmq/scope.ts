import { JOB_VERSION } from '../../domain/job.js';

/** What keys and channels of the queue begin with: programs of different versions, as in a rolling upgrade, have a queue each. */
export const SCOPE = `queue-${JOB_VERSION}`;
