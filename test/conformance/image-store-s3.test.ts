import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll } from 'vitest';
import { type S3, startS3 } from '../../infra/services/index.js';
import { openS3ImageStore } from '../../src/stores/images/s3-image-store.js';
import { bucketOf, movableClock } from '../stores/buckets.js';
import { imageStoreConformance } from './image-store.js';

let s3: S3;
beforeAll(async () => {
  s3 = await startS3();
});
afterAll(() => s3.stop());

imageStoreConformance('S3', async () => {
  const [prefix, clock, bucket] = [randomUUID(), movableClock(), bucketOf(s3)];
  return {
    open: ({ onGone }) =>
      openS3ImageStore(`s3://inkstone/${prefix}`, {
        ...{ endpoint: s3.endpoint, kind: 'image', onGone, clock, log: { warn() {} } },
      }),
    async damage(id, bytes) {
      const key = `${prefix}/${id.slice(0, 2)}/${id.slice(2, 4)}/${id}.png`;
      await (bytes === null ? bucket.remove(key) : bucket.write(key, bytes));
      clock.move(60_000);
    },
  };
});
