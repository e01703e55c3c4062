import { openRedisProgressLog } from '../../src/stores/progress/redis-progress-log.js';
import { useRedis } from '../redis.js';
import { progressLogConformance } from './progress-log.js';

const redis = useRedis();

progressLogConformance('Redis', async (setup) => openRedisProgressLog({ link: redis.link(redis.newUrl()), ...setup }));
