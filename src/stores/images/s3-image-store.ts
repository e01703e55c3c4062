import { randomUUID } from 'node:crypto';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { LRUCache } from 'lru-cache';
import { StorageUnavailable } from '../../domain/problems.js';
import { type Clock, systemClock } from '../../environment/clock.js';
import { StoreUnusable } from '../unusable.js';
import { addressOf, type ImageStore, isImageId } from './image-store.js';
import { below, EXPECTED, readS3Address, type S3Address } from './s3/address.js';
import { s3Client } from './s3/client.js';
import { isMissing, isTaken, unusable } from './s3/failures.js';

export interface S3ImageStoreOptions {
  /** The variable that the address comes from, for sentences about it. */
  readonly variable?: string;
  /** Of the service; left out, Amazon's. */
  readonly endpoint?: string | undefined;
  /** By which clients reach the service, where that is another. */
  readonly publicEndpoint?: string | undefined;
  /** The value of the tag `inkstone`, by which lifecycle rules tell objects apart. */
  readonly kind: 'image' | 'input' | 'file';
  /** Called with the addresses that were there and are no more. */
  readonly onGone: (ids: readonly string[]) => void;
  readonly log: { warn(details: object, message: string): void };
  readonly clock?: Clock;
}

/** Nothing leaves by itself: what is kept, and for how long, lifecycle rules say. */
export interface S3ImageStore extends ImageStore {
  /** An address from which the image can be read without the program, for so many seconds. */
  signed(id: string, seconds: number): Promise<string>;
  /** Milliseconds by which the service's clock was ahead of this machine's, to a second. */
  readonly skewMs: number;
  /** Whether it can be written now. @throws the error of the service */
  probe(): Promise<void>;
}

/** Milliseconds for which an image that was found is not looked for again. */
const FRESH_MS = 60_000;
/** Images that are known to be there: 64 MiB of memory at most. */
const KNOWN = 200_000;
/** Milliseconds after which an operation, with all its attempts, has failed. */
const LIMIT_MS = 15_000;

/** Where the images that come in are kept, and the files of models: below the images that are made. */
export const inputsBeside = (url: string): string => below(url, 'inputs');
export const filesBeside = (url: string): string => below(url, 'files');

/** Names end and types are as those of its objects. */
const kinds = {
  image: { extension: '.png', type: 'image/png' },
  input: { extension: '.png', type: 'image/png' },
  file: { extension: '', type: 'application/octet-stream' },
} as const;

/** Opens a store of objects `prefix/ab/cd/<sha256>.png` that any number of processes share. @throws StoreUnusable */
export async function openS3ImageStore(url: string, options: S3ImageStoreOptions): Promise<S3ImageStore> {
  const { variable = 'IMAGE_STORE', endpoint } = options;
  const address = readS3Address(url);
  if (address === null) throw new StoreUnusable(`${variable}: ${EXPECTED} but received ${JSON.stringify(url)}.`);
  const store = new ObjectStore(address, options);
  try {
    await store.inspect();
    return store;
  } catch (error) {
    await store.close();
    throw unusable(variable, address, endpoint, error);
  }
}

class ObjectStore implements S3ImageStore {
  readonly #address: S3Address;
  readonly #client: S3Client;
  readonly #publicClient: S3Client;
  readonly #options: S3ImageStoreOptions;
  readonly #clock: Clock;
  /** When each image was last found whole. */
  readonly #known = new LRUCache<string, number>({ max: KNOWN });
  skewMs = 0;
  readonly #looks = new Map<string, Promise<boolean>>();

  constructor(address: S3Address, options: S3ImageStoreOptions) {
    const { endpoint, publicEndpoint, clock = systemClock } = options;
    this.#address = address;
    this.#options = options;
    this.#clock = clock;
    this.#client = s3Client(address, endpoint);
    this.#publicClient = publicEndpoint === undefined ? this.#client : s3Client(address, publicEndpoint);
  }

  async put(bytes: Uint8Array): Promise<string> {
    const id = await addressOf(bytes);
    // What is there may be damaged: it is looked at, and goes if it is. Then once more.
    for (let attempt = 0; attempt < 3; attempt++) {
      if (await this.#write(id, bytes)) break;
      if (await this.#look(id)) break;
    }
    this.#known.set(id, this.#clock.now());
    return id;
  }

  async read(id: string): Promise<Uint8Array | null> {
    if (!isImageId(id)) return null;
    const found = await this.#try(async (abortSignal) => {
      const { Body } = await this.#client.send(new GetObjectCommand(this.#object(id)), { abortSignal });
      return (await Body?.transformToByteArray()) ?? null;
    }, isMissing);
    if (found === null) return this.#lost(id, false);
    if ((await addressOf(found)) !== id) return this.#lost(id, true);
    this.#known.set(id, this.#clock.now());
    return found;
  }

  async intact(id: string): Promise<boolean> {
    if (!isImageId(id)) return false;
    const foundAt = this.#known.get(id);
    if (foundAt !== undefined && this.#clock.now() - foundAt < FRESH_MS) return true;
    return this.#look(id);
  }

  /** An object store has room. */
  async release(): Promise<number> {
    return 0;
  }

  signed(id: string, seconds: number): Promise<string> {
    return getSignedUrl(this.#publicClient, new GetObjectCommand(this.#object(id)), { expiresIn: seconds });
  }

  async probe(): Promise<void> {
    const { bucket: Bucket, prefix } = this.#address;
    const Key = `${prefix}.probe-${randomUUID()}`;
    const put = () => this.#client.send(new PutObjectCommand({ Bucket, Key, Body: 'inkstone' }));
    // A gateway over folders removes a folder with its last object, and refuses the first of another process at that moment.
    await put().catch((error) => {
      if (error?.$metadata?.httpStatusCode !== 409) throw error;
      return put();
    });
    await this.#client.send(new DeleteObjectCommand({ Bucket, Key }));
  }

  /** What must be so at the start. @throws the error of the service */
  async inspect(): Promise<void> {
    this.#client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        const { headers } = result.response as { readonly headers?: Readonly<Record<string, string>> };
        const date = Date.parse(headers?.date ?? '');
        // Its clock tells whole seconds.
        if (!Number.isNaN(date)) this.skewMs = Math.min(date + 999 - Date.now(), 0) + Math.max(date - Date.now(), 0);
        return result;
      },
      { step: 'deserialize', name: 'skew' },
    );
    await this.#client.send(new HeadBucketCommand({ Bucket: this.#address.bucket }));
    await this.probe();
  }

  async close(): Promise<void> {
    this.#client.destroy();
    this.#publicClient.destroy();
  }

  /** False where something is there already. */
  async #write(id: string, bytes: Uint8Array): Promise<boolean> {
    const command = new PutObjectCommand({
      ...this.#object(id),
      Body: bytes,
      ContentType: kinds[this.#options.kind].type,
      CacheControl: 'public, max-age=31536000, immutable',
      // The service refuses bytes that arrive damaged, and tells the sum of what it has.
      ChecksumSHA256: checksumOf(id),
      IfNoneMatch: '*',
      ...(this.#address.tags ? { Tagging: `inkstone=${this.#options.kind}` } : {}),
    });
    const written = await this.#try((abortSignal) => this.#client.send(command, { abortSignal }), isTaken);
    return written !== null;
  }

  /** Looks once, however many ask. */
  #look(id: string): Promise<boolean> {
    const looking = this.#looks.get(id) ?? this.#lookOnce(id).finally(() => this.#looks.delete(id));
    this.#looks.set(id, looking);
    return looking;
  }

  async #lookOnce(id: string): Promise<boolean> {
    const command = new HeadObjectCommand({ ...this.#object(id), ChecksumMode: 'ENABLED' });
    const found = await this.#try((abortSignal) => this.#client.send(command, { abortSignal }), isMissing);
    if (found === null) return (await this.#lost(id, false)) !== null;
    // A service that keeps no checksums is asked for the bytes.
    if (found.ChecksumSHA256 === undefined) return (await this.read(id)) !== null;
    if (found.ChecksumSHA256 !== checksumOf(id)) return (await this.#lost(id, true)) !== null;
    this.#known.set(id, this.#clock.now());
    return true;
  }

  async #lost(id: string, isDamaged: boolean): Promise<null> {
    this.#known.delete(id);
    if (isDamaged) {
      this.#options.log.warn({ image: id }, 'an image in the object store was damaged and is removed');
      await this.#try((abortSignal) => this.#client.send(new DeleteObjectCommand(this.#object(id)), { abortSignal }));
    }
    this.#options.onGone([id]);
    return null;
  }

  #object(id: string) {
    const { bucket, prefix } = this.#address;
    return {
      Bucket: bucket,
      Key: `${prefix}${id.slice(0, 2)}/${id.slice(2, 4)}/${id}${kinds[this.#options.kind].extension}`,
    };
  }

  /** Null where it failed as was to be expected. @throws StorageUnavailable */
  async #try<T>(work: (signal: AbortSignal) => Promise<T>, expected: (error: unknown) => boolean = () => false) {
    const late = new AbortController();
    const stop = this.#clock.after(LIMIT_MS, () => late.abort());
    try {
      return await work(late.signal);
    } catch (error) {
      if (expected(error)) return null;
      this.#options.log.warn({ err: error }, 'the object store did not do what it was asked');
      throw new StorageUnavailable();
    } finally {
      stop();
    }
  }
}

const checksumOf = (id: string) => Buffer.from(id, 'hex').toString('base64');
