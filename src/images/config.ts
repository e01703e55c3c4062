import { z } from 'zod';
import { setting, whole } from '../environment/values.js';

/** The environment variables that this folder reads. */
export const imagesSection = {
  title: 'Images',
  schema: z.object({
    VARIANT_CACHE_BYTES: setting(
      whole(0).default(64 * 1024 ** 2),
      'Memory for resized and converted images, which are otherwise made again when they are asked for.',
      { unit: 'bytes' },
    ),
    INPUT_PIXELS: setting(
      whole(1, 2 ** 28).default(64_000_000),
      'Pixels of one image that comes in. Decoded, each takes 3 bytes.',
    ),
  }),
};

export type ImagesConfig = z.infer<typeof imagesSection.schema>;
