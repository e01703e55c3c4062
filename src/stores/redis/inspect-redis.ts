import { Redis } from 'ioredis';
import { StoreUnusable } from '../unusable.js';
import { readRedisAddress } from './address.js';

/** What is to be known of a Redis before it is used. */
export interface RedisFacts {
  readonly version: string;
  /** What leaves when memory is short; a queue needs `noeviction`. */
  readonly policy: string;
  /** Milliseconds by which its clock is ahead of this machine's. */
  readonly skewMs: number;
}

const CONNECT_LIMIT_MS = 3000;
/** Streams, sets and scripts as the queue uses them. */
const LEAST_VERSION = [6, 2] as const;

/** Asks a Redis, or a Valkey, once. @throws StoreUnusable with one sentence without its password */
export async function inspectRedis(queueUrl: string): Promise<RedisFacts> {
  const { url } = readRedisAddress(queueUrl);
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_LIMIT_MS,
    commandTimeout: CONNECT_LIMIT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let cause: unknown;
  redis.on('error', (error) => {
    cause = error;
  });
  try {
    await redis.connect();
    const asked = Date.now();
    const [seconds, micros] = await redis.time();
    const [answered, info] = [Date.now(), await redis.info()];
    const version = fieldOf(info, 'valkey_version') ?? fieldOf(info, 'redis_version') ?? '';
    const [major = 0, minor = 0] = version.split('.').map(Number);
    if (major < LEAST_VERSION[0] || (major === LEAST_VERSION[0] && minor < LEAST_VERSION[1]))
      throw new StoreUnusable(`QUEUE_URL: expected Redis ${LEAST_VERSION.join('.')} or newer but received ${version}.`);
    const skewMs = Math.round(Number(seconds) * 1000 + Number(micros) / 1000 - (asked + answered) / 2);
    return { version, policy: fieldOf(info, 'maxmemory_policy') ?? 'unknown', skewMs };
  } catch (error) {
    throw error instanceof StoreUnusable ? error : unusable(url, cause ?? error);
  } finally {
    redis.disconnect();
  }
}

const fieldOf = (info: string, name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];

function unusable(url: string, error: unknown): StoreUnusable {
  const { host } = new URL(url);
  const { message, code } = error as NodeJS.ErrnoException;
  if (/NOAUTH|WRONGPASS|NOPERM|invalid password/i.test(message))
    return new StoreUnusable(`QUEUE_URL: expected a user and a password that Redis on ${host} accepts but it refused.`);
  return new StoreUnusable(
    `QUEUE_URL: expected Redis on ${host} to answer but it cannot be reached (${code ?? message}).`,
    { cause: error },
  );
}
