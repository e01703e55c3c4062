import { z } from 'zod';
import { either, setting, whole } from '../environment/values.js';
import { sourceSettings } from '../inputs/config.js';

/** The environment variables that this folder reads. */
export const generationSection = {
  title: 'Generations, and images that come in',
  schema: z.object({
    DATA_DIR: setting(
      z.string().default('./data'),
      'Folder of images and records. It belongs to one process at a time.',
    ),
    CACHE_BYTES: setting(
      whole(0).default(64 * 1024 ** 2),
      'Memory for the records of finished images: an equal request is answered from it.',
      { unit: 'bytes' },
    ),
    IMAGE_STORE_BYTES: setting(
      whole(1).default(10 * 1024 ** 3),
      'Disk for images; those that were asked for longest ago leave.',
      { unit: 'bytes' },
    ),
    GENERATION_LIMIT: setting(
      whole(1, 1_000_000_000).default(100_000),
      'Generations that are stored; the oldest are deleted.',
    ),
    WAIT_LIMIT_MS: setting(whole(0, 2 ** 31 - 1).default(120_000), 'The longest `waitMs` that a client may ask for.', {
      unit: 'milliseconds',
    }),
    PROGRESS_HEARTBEAT_MS: setting(
      whole(1, 2 ** 31 - 1).default(10_000),
      'Silence after which a subscription sends a heartbeat, so that proxies keep the connection.',
      { unit: 'milliseconds' },
    ),
    PROGRESS_LOG_BYTES: setting(
      whole(1024).default(1024 ** 2),
      'Memory for the events of one generation; beyond it the previews of its oldest steps are let go.',
      { unit: 'bytes' },
    ),
    PROGRESS_KEPT_BYTES: setting(
      whole(0).default(32 * 1024 ** 2),
      'Memory for the events of finished generations, for clients that come back after a lost connection.',
      { unit: 'bytes' },
    ),
    LOG_PROMPTS: setting(
      either('on', 'off', 'off'),
      'Whether the line that is logged of each generation holds its prompts, which may be personal.',
    ),
    ...sourceSettings,
  }),
};

export type GenerationConfig = z.infer<typeof generationSection.schema>;
