import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { S3 } from '../../infra/services/index.js';
import { credentials } from '../../infra/services/s3.js';

const BUCKET = 'inkstone';

/** The gateway's bucket as another program sees it. The store itself takes its credentials from the environment. */
export function bucketOf({ endpoint, env }: S3) {
  Object.assign(process.env, env);
  const client = new S3Client({
    endpoint,
    forcePathStyle: true,
    region: credentials.AWS_REGION,
    credentials: {
      accessKeyId: credentials.AWS_ACCESS_KEY_ID,
      secretAccessKey: credentials.AWS_SECRET_ACCESS_KEY,
    },
  });
  return {
    client,
    async keys(prefix = '') {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: prefix }));
      return Contents.map(({ Key }) => Key!);
    },
    async read(key: string) {
      return client.send(new GetObjectCommand({ Bucket: BUCKET, Key: key }));
    },
    async write(key: string, bytes: Uint8Array) {
      await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: bytes }));
    },
    async remove(key: string) {
      await client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: key }));
    },
  };
}

export type MovableClock = ReturnType<typeof movableClock>;

/** Time that a test moves on. @param pace by which all waiting is shortened */
export function movableClock(pace = 1) {
  let ahead = 0;
  return {
    now: () => Date.now() + ahead,
    after(ms: number, callback: () => void) {
      const timer = setTimeout(callback, ms * pace);
      return () => clearTimeout(timer);
    },
    move(ms: number) {
      ahead += ms;
    },
  };
}
