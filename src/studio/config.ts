import { z } from 'zod';
import { unlessEmpty, whole } from '../environment/values.js';
import { sourceSettings } from './sources/config.js';

/** The environment variables that this folder reads. */
export const studioSection = {
  schema: z.object({
    /** Where pictures and records are kept. Belongs to one process at a time. */
    DATA_DIR: unlessEmpty(z.string().default('./data')),
    /** Bytes of memory for what is known of finished pictures. */
    CACHE_BYTES: unlessEmpty(whole(0).default(64 * 1024 ** 2)),
    /** Bytes of pictures on disk; what was used longest ago leaves. */
    IMAGE_STORE_BYTES: unlessEmpty(whole(1).default(10 * 1024 ** 3)),
    /** Generations that are remembered; the oldest leave. */
    GENERATION_LIMIT: unlessEmpty(whole(1, 1_000_000_000).default(100_000)),
    /** The longest `waitMs` that a client may ask for. */
    WAIT_LIMIT_MS: unlessEmpty(whole(0, 2 ** 31 - 1).default(120_000)),
    /** Milliseconds of silence after which a subscription sends a heartbeat. */
    PROGRESS_HEARTBEAT_MS: unlessEmpty(whole(1, 2 ** 31 - 1).default(10_000)),
    /** Bytes that the events of one generation may take; beyond that the previews of its oldest steps are let go. */
    PROGRESS_LOG_BYTES: unlessEmpty(whole(1024).default(1024 ** 2)),
    /** Bytes of events of finished generations that are kept for clients that come back. */
    PROGRESS_KEPT_BYTES: unlessEmpty(whole(0).default(32 * 1024 ** 2)),
    ...sourceSettings,
  }),
};

export type StudioConfig = z.infer<typeof studioSection.schema>;
