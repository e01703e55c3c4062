import { z } from 'zod';
import { unlessEmpty, whole } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const imagingSection = {
  schema: z.object({
    /** Bytes of resized and converted pictures that are kept in memory. */
    VARIANT_CACHE_BYTES: unlessEmpty(whole(0).default(64 * 1024 ** 2)),
  }),
};

export type ImagingConfig = z.infer<typeof imagingSection.schema>;
