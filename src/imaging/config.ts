import { z } from 'zod';
import { unlessEmpty, whole } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const imagingSection = {
  schema: z.object({
    /** Bytes of resized and converted pictures that are kept in memory. */
    VARIANT_CACHE_BYTES: unlessEmpty(whole(0).default(64 * 1024 ** 2)),
    /** Pixels of a picture that somebody sends. Decoded, each takes 3 bytes. */
    INPUT_PIXELS: unlessEmpty(whole(1, 2 ** 28).default(64_000_000)),
  }),
};

export type ImagingConfig = z.infer<typeof imagingSection.schema>;
