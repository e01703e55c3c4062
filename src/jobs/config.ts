import { z } from 'zod';
import { setting, whole } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const jobsSection = {
  title: 'Jobs',
  schema: z.object({
    QUEUE_LIMIT: setting(
      whole(0, 1_000_000).default(64),
      'Requests that may wait for an engine; one more is refused at once. Twice as many may wait where a caller has none yet.',
    ),
  }),
};

export type JobsConfig = z.infer<typeof jobsSection.schema>;
