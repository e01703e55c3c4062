import { createHash } from 'node:crypto';
import { CoalescingCache } from '../cache/single-flight-lru.js';
import { whole } from '../domain/validation.js';
import type { VariantRequest, VariantResult } from '../domain/variant.js';
import type { Records } from '../stores/generations/image-records.js';
import type { ImageStore } from '../stores/images/image-store.js';
import { MAX_SIDE } from './address.js';
import { encoderVersion } from './sharp.js';
import { contentTypes, encodeVariant, settled, type VariantSpec } from './variant.js';

interface Variant {
  readonly body: Uint8Array;
  /** Strong: the hash of the bytes, quoted. */
  readonly etag: string;
}

/** Images as they are asked for over HTTP. */
export class Variants {
  readonly #cache: CoalescingCache<Variant>;
  readonly #images: ImageStore;
  readonly #records: Records;

  constructor(parts: { readonly images: ImageStore; readonly records: Records; readonly maxBytes: number }) {
    this.#images = parts.images;
    this.#records = parts.records;
    // A budget of 0 keeps none; to lru-cache it would mean no budget.
    this.#cache = new CoalescingCache({ maxBytes: Math.max(1, parts.maxBytes), bytesOf: ({ body }) => body.length });
  }

  /**
   * @param signal aborted when the caller is gone: what nobody waits for any more is not begun. Left out, the caller stays
   * @throws InvalidInput, or the signal's reason
   */
  async get(id: string, request: VariantRequest, signal = new AbortController().signal): Promise<VariantResult> {
    const asked = read(request);
    // First, because an address that somebody made up is no reason to look at the disk.
    const [image] = await this.#records.images([id]);
    if (image == null) return { outcome: 'unknown' };
    // Also what keeps an image that is looked at from being the least recently used.
    if (!(await this.#images.intact(id))) return { outcome: 'gone' };
    const spec = settled(image, asked);
    const make = async (left: AbortSignal): Promise<Variant> => {
      const master = await this.#images.read(id);
      if (master === null) throw new Gone();
      const body = await encodeVariant(master, image, spec, left);
      return { body, etag: `"${createHash('sha256').update(body).digest('hex').slice(0, 32)}"` };
    };
    const key = JSON.stringify([encoderVersion, id, spec]);
    try {
      const { value } = await this.#cache.get(key, make, { signal });
      return { outcome: 'found', ...value, contentType: contentTypes[asked.format] };
    } catch (error) {
      if (error instanceof Gone) return { outcome: 'gone' };
      throw error;
    }
  }
}

/** Evicted between looking and reading. */
class Gone extends Error {}

function read({ width, height, quality, format }: VariantRequest): VariantSpec {
  return {
    width: width === undefined ? null : whole('width', width, 1, MAX_SIDE),
    height: height === undefined ? null : whole('height', height, 1, MAX_SIDE),
    quality: quality === undefined ? null : whole('quality', quality, 1, 100),
    format,
  };
}
