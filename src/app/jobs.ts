import type { Logger } from 'pino';
import type { Clock } from '../environment/clock.js';
import type { GenerationConfig } from '../generation/config.js';
import { ownsEverything } from '../generation/ownership/embedded.js';
import type { Ownership } from '../generation/ownership/ownership.js';
import { openRedisOwnership } from '../generation/ownership/redis-ownership.js';
import { openBullmqQueue } from '../jobs/bullmq/bullmq-queue.js';
import { type RunningWorker, startBullmqWorker } from '../jobs/bullmq/bullmq-worker.js';
import type { JobsConfig } from '../jobs/config.js';
import { InProcessQueue } from '../jobs/in-process.js';
import type { Queue, Worker } from '../jobs/queue.js';
import { createMemoryProgressLog } from '../stores/progress/memory-progress-log.js';
import type { ProgressLog } from '../stores/progress/progress-log.js';
import { openRedisProgressLog } from '../stores/progress/redis-progress-log.js';
import { inspectRedis } from '../stores/redis/inspect-redis.js';
import { RedisLink } from '../stores/redis/redis.js';
import { problemsTo, worthAnotherTry } from './worker.js';

export interface JobsOptions {
  readonly settings: { readonly generation: GenerationConfig; readonly jobs: JobsConfig };
  /** Engines of this process. */
  readonly workers: readonly Worker[];
  readonly log: Logger;
  readonly clock: Clock;
}

/** How jobs come to workers, and how what happens to them is told. */
export interface Jobs {
  readonly queue: Queue;
  readonly progress: ProgressLog;
  readonly ownership: Ownership;
  /** The connections that queue, progress and ownership share; null where all is in this process. */
  readonly link: RedisLink | null;
  close(): Promise<void>;
}

/** Opens the queue and the progress log that the settings choose: in this process, or shared over Redis. @throws StoreUnusable */
export async function openJobs(options: JobsOptions): Promise<Jobs> {
  const { QUEUE_URL } = options.settings.jobs;
  if (QUEUE_URL === undefined) return inProcess(options);
  await requireRedis(QUEUE_URL, options.log);
  return shared(options, linkOf(options));
}

function inProcess({ settings, workers, log, clock }: JobsOptions): Jobs {
  const { PROGRESS_HEARTBEAT_MS, PROGRESS_LOG_BYTES, PROGRESS_KEPT_BYTES } = settings.generation;
  const queue = new InProcessQueue({
    ...{ workers, worthAnotherTry, limit: settings.jobs.QUEUE_LIMIT },
    ...{ now: () => clock.now(), problemOf: problemsTo(log) },
  });
  const progress = createMemoryProgressLog({
    clock,
    heartbeatMs: PROGRESS_HEARTBEAT_MS,
    maxBytes: PROGRESS_LOG_BYTES,
    keptBytes: PROGRESS_KEPT_BYTES,
  });
  return { queue, progress, ownership: ownsEverything, link: null, close: async () => {} };
}

async function shared(options: JobsOptions, link: RedisLink): Promise<Jobs> {
  const { settings, workers, log, clock } = options;
  const { PROGRESS_HEARTBEAT_MS, PROGRESS_LOG_BYTES, PROGRESS_KEPT_BYTES } = settings.generation;
  const { QUEUE_LIMIT, OWNER_LEASE_MS } = settings.jobs;
  const report = reporterTo(log);
  // Longer than it takes until another process has taken a generation over: meanwhile its jobs go on.
  const waiterLeaseMs = 2 * OWNER_LEASE_MS;
  const queue = openBullmqQueue({ link, limit: QUEUE_LIMIT, waiterLeaseMs, report });
  const ownership = openRedisOwnership({ link, leaseMs: OWNER_LEASE_MS, report });
  const progress = openRedisProgressLog({
    ...{ link, clock },
    heartbeatMs: PROGRESS_HEARTBEAT_MS,
    maxBytes: PROGRESS_LOG_BYTES,
    keptBytes: PROGRESS_KEPT_BYTES,
  });
  const running = workers.length === 0 ? null : await startWorkers(options, link);
  return {
    ...{ queue, progress, ownership, link },
    async close() {
      await running?.close(0);
      await queue.close();
      link.close();
    },
  };
}

/** What must be so at the start. @throws StoreUnusable */
export async function requireRedis(url: string, log: Logger): Promise<void> {
  const { policy } = await inspectRedis(url);
  if (policy !== 'noeviction')
    log.warn(`Redis may lose jobs: expected maxmemory-policy noeviction but received ${policy}.`);
}

/** The connections of a process that shares its queue. */
export function linkOf({ settings, log }: Pick<JobsOptions, 'settings' | 'log'>): RedisLink {
  const { QUEUE_URL } = settings.jobs;
  if (QUEUE_URL === undefined) throw new TypeError('There is no QUEUE_URL.');
  return new RedisLink(QUEUE_URL, {
    report: { info: (message) => log.info(message), warn: (message) => log.warn(message) },
  });
}

/** Has the workers of this process take jobs from the shared queue. */
export function startWorkers({ settings, workers, log, clock }: JobsOptions, link: RedisLink): Promise<RunningWorker> {
  const { QUEUE_LOCK_MS, QUEUE_STALLED_MS } = settings.jobs;
  return startBullmqWorker({
    ...{ link, workers, worthAnotherTry, lockMs: QUEUE_LOCK_MS, stalledMs: QUEUE_STALLED_MS },
    ...{ now: () => clock.now(), problemOf: problemsTo(log), report: reporterTo(log) },
  });
}

export const reporterTo = (log: Logger) => (error: unknown, what: string) => log.warn({ err: error }, what);
