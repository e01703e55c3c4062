import { z } from 'zod';

/** The environment variables that this folder reads. Unset and empty mean the same. */
export const imagingSection = {
  schema: z.object({
    /** Bytes of resized and converted pictures that are kept in memory. */
    VARIANT_CACHE_BYTES: z.preprocess(
      (value) => (value === '' ? undefined : value),
      z.coerce
        .number()
        .int()
        .min(0)
        .max(Number.MAX_SAFE_INTEGER)
        .default(64 * 1024 * 1024),
    ),
  }),
};

export type ImagingConfig = z.infer<typeof imagingSection.schema>;
