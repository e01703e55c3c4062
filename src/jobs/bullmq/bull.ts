import { Queue as BullQueue, Worker as BullWorker, type Job as Delivered } from 'bullmq';
import { JOB_VERSION, type Job } from '../../domain/job.js';
import type { RedisLink } from '../../stores/redis/redis.js';

/** What BullMQ delivers; its id is that of the run. */
export type Delivery = Delivered<Job>;
export type Bull = BullQueue<Job>;

const NAME = `jobs-${JOB_VERSION}`;

/** What BullMQ's keys of this queue begin with. */
export const bullPrefix = (link: RedisLink): string => `${link.prefix}:${NAME}:`;

/** Shares the connection of the process. */
export function openBull(link: RedisLink, onError: (error: Error) => void): Bull {
  const bull: Bull = new BullQueue(NAME, { connection: link.commands, prefix: link.prefix, skipVersionCheck: true });
  bull.on('error', onError);
  return bull;
}

export interface Locks {
  /** A worker that has not renewed its lock for so long has lost its job. */
  readonly lockMs: number;
  /** Between two looks for jobs whose lock ran out. */
  readonly stalledMs: number;
}

/** What takes jobs one by one; it has a connection of its own that waits for them. */
export function openBullWorker(
  link: RedisLink,
  { stalledMs, lockMs }: Locks,
  onError: (error: Error) => void,
): BullWorker<Job> {
  const worker = new BullWorker<Job>(NAME, null, {
    ...{ connection: link.commands, prefix: link.prefix, skipVersionCheck: true, autorun: false },
    ...{ lockDuration: lockMs, stalledInterval: stalledMs, maxStalledCount: 1, skipLockRenewal: true },
  });
  worker.on('error', onError);
  return worker;
}

/** A finished or failed job leaves nothing behind: what it made is in the stores, what it told in its events. */
export const DELIVERY = { attempts: 1, removeOnComplete: true, removeOnFail: true } as const;
