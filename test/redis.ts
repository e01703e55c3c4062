import { afterAll, afterEach, beforeAll } from 'vitest';
import { type Service, startRedis } from '../infra/services/index.js';
import { RedisLink } from '../src/stores/redis/redis.js';

/** A Redis for the tests of one file, each of which has keys of its own. */
export function useRedis() {
  let redis: Service;
  let count = 0;
  const open: RedisLink[] = [];
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterEach(() => {
    for (const link of open.splice(0)) link.close();
  });
  afterAll(() => redis.stop());
  return {
    get service(): Service {
      return redis;
    },
    /** Another address in the same Redis. */
    newUrl: (): string => `${redis.url}?prefix=t${++count}`,
    /** The connections of one process. */
    link(url: string, answerMs?: number): RedisLink {
      const link = new RedisLink(url, {
        report: { warn() {}, info() {} },
        ...(answerMs === undefined ? {} : { answerMs }),
      });
      open.push(link);
      return link;
    },
  };
}
