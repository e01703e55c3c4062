import { z } from 'zod';

/** The environment variables that this folder reads. Unset and empty mean the same. */
export const jobsSection = {
  schema: z.object({
    /** Jobs that may wait for an engine; one more is refused at once. A request of 8 pictures needs 8 places. */
    QUEUE_LIMIT: z.preprocess(
      (value) => (value === '' ? undefined : value),
      z.coerce.number().int().min(0).max(1_000_000).default(64),
    ),
  }),
};

export type JobsConfig = z.infer<typeof jobsSection.schema>;
