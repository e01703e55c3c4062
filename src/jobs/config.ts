import { z } from 'zod';
import { unlessEmpty, whole } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const jobsSection = {
  schema: z.object({
    /** Jobs that may wait for an engine; one more is refused at once. The pictures of a request are one job. */
    QUEUE_LIMIT: unlessEmpty(whole(0, 1_000_000).default(64)),
  }),
};

export type JobsConfig = z.infer<typeof jobsSection.schema>;
