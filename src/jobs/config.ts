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
    QUEUE_URL: setting(
      z
        .url({ protocol: /^rediss?$/, error: 'expected a redis:// or rediss:// address' })
        .refine(hasPlainPrefix, 'expected a prefix of letters, digits, - and _')
        .optional(),
      'Redis 7 or Valkey that keeps the queue, the progress and the ownership of generations for many processes, as `redis://[user:password@]host[:port][/database]`; `rediss://` is TLS. Its keys begin with `?prefix=`, `inkstone` where it is left out. It must evict nothing (`maxmemory-policy noeviction`).',
      { default: 'everything in this process' },
    ),
    QUEUE_LOCK_MS: setting(
      whole(1000, 600_000).default(10_000),
      'Time after which a worker that gives no sign of life has lost its jobs: another one makes them.',
      { unit: 'milliseconds' },
    ),
    QUEUE_STALLED_MS: setting(
      whole(100, 600_000).default(3000),
      'Time between two looks for jobs whose worker was lost.',
      { unit: 'milliseconds' },
    ),
    OWNER_LEASE_MS: setting(
      whole(1000, 600_000).default(10_000),
      'Time after which an API process that gives no sign of life has lost its generations: another one goes on with them.',
      { unit: 'milliseconds' },
    ),
  }),
};

/** It becomes part of the names of keys. */
function hasPlainPrefix(address: string): boolean {
  return /^[\w-]+$/.test(new URL(address).searchParams.get('prefix') ?? 'inkstone');
}

export type JobsConfig = z.infer<typeof jobsSection.schema>;
