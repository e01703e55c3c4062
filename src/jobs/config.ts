import { z } from 'zod';
import { setting, whole } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const jobsSection = {
  title: 'Jobs',
  schema: z.object({
    QUEUE_LIMIT: setting(
      whole(0, 1_000_000).default(64),
      'Jobs that may wait for an engine; one more is refused at once. The pictures of a request are one job.',
    ),
  }),
};

export type JobsConfig = z.infer<typeof jobsSection.schema>;
