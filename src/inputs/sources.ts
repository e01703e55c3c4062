import { createHash, webcrypto } from 'node:crypto';
import type { ProblemDetails } from '../domain/problem-codes.js';
import { NotFound } from '../domain/problems.js';
import { refusedAs } from '../domain/validation.js';
import type { Mask, Pixels } from '../engine/engine.js';
import { joined } from '../environment/in-turns.js';
import { type DecodeOptions, decodeImage, decodeMask, NotAnImage } from '../images/decode.js';
import { imageOfLossless, losslessImage, losslessMask, maskOfLossless } from '../images/lossless.js';
import { PixelRoom, type PixelVisit } from '../images/pixel-room.js';
import type { ImageStore } from '../stores/images/image-store.js';
import type { ImageFetcher } from './image-fetcher.js';
import type { ImageRequest, Source } from './source.js';
import { whenRead } from './when-read.js';

export interface SourcesOptions {
  /** Our own images, by id. */
  readonly images: Pick<ImageStore, 'read'>;
  /** Where images wait for their jobs. Never served: they belong to the client that sent them. */
  readonly store: ImageStore;
  /** Null where this server fetches nothing. */
  readonly fetcher: ImageFetcher | null;
  readonly maxPixels: number;
}

/** An encoded image, and what a refusal of it speaks of. */
interface Incoming {
  readonly field: string;
  readonly bytes: Uint8Array;
  readonly imageId: string | null;
}

interface Decoding extends Pick<DecodeOptions, 'signal' | 'sizeFor'> {
  readonly visit?: PixelVisit | undefined;
}

/** The images of one request. */
export interface OneRequest extends Pick<Sources, 'open' | 'openMask'> {
  /** Its pixels are needed no more. */
  leave(): void;
}

/** How images come in, and where they are until their job has run. */
export class Sources {
  readonly #options: SourcesOptions;
  readonly #room: PixelRoom;

  constructor(options: SourcesOptions) {
    this.#options = options;
    // As many pixels as one image may have: together with what is being decoded, all that is in memory.
    this.#room = new PixelRoom(options.maxPixels);
  }

  /** The same for one request, whose decoded pixels are counted until it leaves. */
  forRequest(): OneRequest {
    const visit = this.#room.visit();
    return {
      open: (input, field, signal, sizeFor) => this.open(input, field, signal, sizeFor, visit),
      openMask: (input, field, signal) => this.openMask(input, field, signal, visit),
      leave: () => visit.leave(),
    };
  }

  /**
   * @param sizeFor the size to be decoded to; what it throws refuses the image
   * @throws InvalidInput about `field` or the part of it that was given; NotFound; the signal's reason
   */
  async open(
    input: ImageRequest,
    field: string,
    signal: AbortSignal,
    sizeFor?: DecodeOptions['sizeFor'],
    visit?: PixelVisit,
  ): Promise<Source> {
    const incoming = await this.#incoming(input, field, signal);
    const pixels = await this.#decoded(incoming, decodeImage, { signal, sizeFor, visit }).finally(() => read(input));
    return { pixels, sha256: await hashOf(pixels), imageId: incoming.imageId };
  }

  /**
   * What was transparent is black.
   *
   * @throws InvalidInput about `field` or the part of it that was given; NotFound; the signal's reason
   */
  async openMask(input: ImageRequest, field: string, signal: AbortSignal, visit?: PixelVisit): Promise<Mask> {
    const incoming = await this.#incoming(input, field, signal);
    return this.#decoded(incoming, decodeMask, { signal, visit }).finally(() => read(input));
  }

  /** Makes it durable for a job, which names it by the id that this returns. */
  async store(pixels: Pixels): Promise<string> {
    return this.#options.store.put(await losslessImage(pixels));
  }

  /** @see store */
  async storeMask(mask: Mask): Promise<string> {
    return this.#options.store.put(await losslessMask(mask));
  }

  /** Null when it had to make room meanwhile. */
  async read(id: string): Promise<Pixels | null> {
    const png = await this.#options.store.read(id);
    return png === null ? null : imageOfLossless(png);
  }

  /** @see read */
  async readMask(id: string): Promise<Mask | null> {
    const png = await this.#options.store.read(id);
    return png === null ? null : maskOfLossless(png);
  }

  close(): Promise<void> {
    return this.#options.store.close();
  }

  async #incoming({ id, upload, url }: ImageRequest, field: string, signal: AbortSignal): Promise<Incoming> {
    signal.throwIfAborted();
    const count = [id, upload, url].filter((way) => way != null).length;
    if (count !== 1) throw refusedAs(field, 'exactly one of id, upload and url', `${count} of them`);
    if (upload != null) {
      const bytes = await joined(upload.stream() as unknown as AsyncIterable<Uint8Array>, upload.size);
      return { field: `${field}.upload`, bytes, imageId: null };
    }
    if (url != null)
      return { field: `${field}.url`, bytes: await this.#fetched(url, `${field}.url`, signal), imageId: null };
    return { field: `${field}.id`, bytes: await this.#master(id!), imageId: id! };
  }

  #fetched(url: string, field: string, signal: AbortSignal): Promise<Uint8Array> {
    const { fetcher } = this.#options;
    if (fetcher === null)
      throw refusedAs(field, 'left out, as this server fetches no images,', 'one', { code: 'NOT_ALLOWED' });
    return fetcher.fetch(url, field, signal);
  }

  async #master(id: string): Promise<Uint8Array> {
    const master = await this.#options.images.read(id);
    if (master === null)
      throw new NotFound(`There is no image ${JSON.stringify(id.slice(0, 64))}, or it is no longer kept.`, {
        type: 'Image',
        id: id.slice(0, 64),
      });
    return master;
  }

  async #decoded<T>(
    { field, bytes }: Incoming,
    decode: (bytes: Uint8Array, options: DecodeOptions) => Promise<T>,
    { signal, sizeFor, visit }: Decoding,
  ): Promise<T> {
    const enter = visit === undefined ? undefined : (pixels: number) => visit.enter(pixels, signal);
    try {
      return await decode(bytes, { maxPixels: this.#options.maxPixels, signal, sizeFor, enter });
    } catch (error) {
      if (!(error instanceof NotAnImage)) throw error;
      throw refusedAs(field, error.expected, error.received, unreadable(error));
    }
  }
}

function read({ upload }: ImageRequest): void {
  if (upload != null) whenRead.get(upload)?.();
}

const unreadable = ({ maxPixels }: NotAnImage): ProblemDetails =>
  maxPixels === null ? { code: 'UNREADABLE_IMAGE' } : { code: 'TOO_MANY_PIXELS', parameters: { max: maxPixels } };

/** Of size and values. Made on another thread: of the largest image it takes a tenth of a second. */
export async function hashOf({ width, height, data }: Pixels | Mask): Promise<string> {
  const pixels = await webcrypto.subtle.digest('SHA-256', data);
  const channels = data.length / (width * height);
  return createHash('sha256').update(`${width} ${height} ${channels}\n`).update(new Uint8Array(pixels)).digest('hex');
}
