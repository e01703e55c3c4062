import { randomUUID } from 'node:crypto';
import { GetObjectTaggingCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort, type S3, startS3 } from '../../infra/services/index.js';
import { StorageUnavailable } from '../../src/domain/problems.js';
import { addressOf } from '../../src/stores/images/image-store.js';
import { openS3ImageStore } from '../../src/stores/images/s3-image-store.js';
import { StoreUnusable } from '../../src/stores/unusable.js';
import { bucketOf, type MovableClock, movableClock } from './buckets.js';

let s3: S3;
let bucket: ReturnType<typeof bucketOf>;
beforeAll(async () => {
  s3 = await startS3();
  bucket = bucketOf(s3);
});
afterAll(() => s3.stop());

const image = (name: string): Uint8Array => Buffer.from(name.repeat(1000));
const quiet = { kind: 'image', onGone() {}, log: { warn() {} } } as const;
const open = (prefix: string, clock: MovableClock = movableClock()) =>
  openS3ImageStore(`s3://inkstone/${prefix}`, { ...quiet, endpoint: s3.endpoint, clock });

describe('images in S3', () => {
  it('lie under the hash of their bytes, typed, kept for ever and tagged', async () => {
    const [store, prefix] = [await open('a/b'), 'a/b/'];
    const id = await store.put(image('a'));
    const key = `${prefix}${id.slice(0, 2)}/${id.slice(2, 4)}/${id}.png`;
    expect(await bucket.keys(prefix)).toEqual([key]);
    const { ContentType, CacheControl } = await bucket.read(key);
    expect({ ContentType, CacheControl }).toEqual({
      ContentType: 'image/png',
      CacheControl: 'public, max-age=31536000, immutable',
    });
    const { TagSet } = await bucket.client.send(new GetObjectTaggingCommand({ Bucket: 'inkstone', Key: key }));
    expect(TagSet).toEqual([{ Key: 'inkstone', Value: 'image' }]);
    await store.close();
  });

  it('are written once, however many processes have made them', async () => {
    const prefix = randomUUID();
    const stores = await Promise.all(Array.from({ length: 3 }, () => open(prefix)));
    const ids = await Promise.all(Array.from({ length: 30 }, (_, i) => stores[i % 3]!.put(image('same'))));
    expect(new Set(ids)).toEqual(new Set([await addressOf(image('same'))]));
    expect(await bucket.keys(prefix)).toHaveLength(1);
  });

  it('that were damaged before they are made again are whole afterwards', async () => {
    const [prefix, clock] = [randomUUID(), movableClock()];
    const store = await open(prefix, clock);
    const id = await store.put(image('a'));
    await bucket.write((await bucket.keys(prefix))[0]!, image('x'));
    expect(await store.put(image('a'))).toBe(id);
    expect(Buffer.from((await (await open(prefix)).read(id))!)).toEqual(image('a'));
  });

  it('can be put while the service is killed and started again', async () => {
    const store = await open(randomUUID());
    s3.signal('SIGKILL');
    const putting = Promise.all(['a', 'b', 'c'].map((name) => store.put(image(name))));
    await s3.start();
    for (const id of await putting) expect(await store.read(id)).not.toBeNull();
  });

  it('cannot be stored or read while the service hangs, which is told as what it is', async () => {
    const clock = movableClock(0.1);
    const store = await open(randomUUID(), clock);
    const id = await store.put(image('a'));
    s3.signal('SIGSTOP');
    try {
      await expect(store.put(image('b'))).rejects.toThrow(StorageUnavailable);
      await expect(store.read(id)).rejects.toThrow(StorageUnavailable);
    } finally {
      s3.signal('SIGCONT');
    }
    expect(await store.put(image('b'))).toBe(await addressOf(image('b')));
  });

  it('can be read by others for a while at an address that the store signs', async () => {
    const store = await open(randomUUID());
    const address = await store.signed(await store.put(image('a')), 60);
    const answer = await fetch(address);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(image('a'));
    expect((await fetch(address.replace('Expires=60', 'Expires=600'))).status).toBe(403);
  });
});

describe('an object store that cannot be used', () => {
  const sentenceOf = async (url: string, endpoint: string) => {
    const error = await openS3ImageStore(url, { ...quiet, endpoint }).catch((failed) => failed);
    expect(error).toBeInstanceOf(StoreUnusable);
    return error.message;
  };

  it('because there is no such bucket is told in one sentence', async () => {
    const place = s3.endpoint;
    expect(await sentenceOf('s3://nowhere/images', place)).toBe(
      `IMAGE_STORE: expected a bucket on ${place} but there is none called "nowhere".`,
    );
  });

  it('because it refuses the credentials is told without them', async () => {
    process.env.AWS_SECRET_ACCESS_KEY = 'hush';
    const sentence = await sentenceOf('s3://inkstone/images', s3.endpoint);
    Object.assign(process.env, s3.env);
    expect(sentence).toMatch(
      /^IMAGE_STORE: expected credentials that may read, write and list the bucket "inkstone" but /,
    );
    expect(sentence).not.toContain('hush');
  });

  it('because nothing answers is told likewise', async () => {
    const place = `http://127.0.0.1:${await freePort()}`;
    expect(await sentenceOf('s3://inkstone/images', place)).toBe(
      `IMAGE_STORE: expected ${place} to answer but it cannot be reached (ECONNREFUSED).`,
    );
  });
});
