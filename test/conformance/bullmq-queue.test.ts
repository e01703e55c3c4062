import { useSharedQueues } from '../jobs/shared-queue.js';
import { useRedis } from '../redis.js';
import { queueConformance } from './queue.js';

const redis = useRedis();
const processes = useSharedQueues(redis);

queueConformance('BullMQ', async ({ workers, limit }) => {
  const url = redis.newUrl();
  await processes.work(url, workers);
  return processes.api(url, { limit });
});
