import { CoalescingCache } from '../cache/single-flight-lru.js';
import { whole } from '../domain/validation.js';
import type { VariantRequest, VariantResult } from '../domain/variant.js';
import { sha256 } from '../environment/in-turns.js';
import type { Records } from '../stores/generations/image-records.js';
import type { ImageStore } from '../stores/images/image-store.js';
import { MAX_SIDE } from './address.js';
import { encoderVersion } from './sharp.js';
import { contentTypes, encodeVariant, isMaster, settled, type VariantSpec } from './variant.js';

interface Variant {
  readonly body: Uint8Array;
  /** Strong: the hash of the bytes, quoted. */
  readonly etag: string;
}

/** Where clients can have a master without this program: an address for so many seconds. */
export interface Elsewhere {
  readonly seconds: number;
  address(id: string): Promise<string>;
}

export interface VariantsParts {
  readonly images: ImageStore;
  readonly records: Records;
  readonly maxBytes: number;
  /** Left out, all comes from here. */
  readonly elsewhere?: Elsewhere | null;
}

/** Images as they are asked for over HTTP. */
export class Variants {
  readonly #cache: CoalescingCache<Variant>;
  readonly #images: ImageStore;
  readonly #records: Records;
  readonly #elsewhere: Elsewhere | null;

  constructor(parts: VariantsParts) {
    this.#images = parts.images;
    this.#records = parts.records;
    this.#elsewhere = parts.elsewhere ?? null;
    // A budget of 0 keeps none; to lru-cache it would mean no budget.
    this.#cache = new CoalescingCache({ maxBytes: Math.max(1, parts.maxBytes), bytesOf: ({ body }) => body.length });
  }

  /**
   * @param signal aborted when the caller is gone: its variant is then not begun. Left out, the caller stays
   * @throws InvalidInput, or the signal's reason
   */
  async get(id: string, request: VariantRequest, signal = new AbortController().signal): Promise<VariantResult> {
    const asked = read(request);
    // First, because an invented address is no reason to read the disk.
    const [image] = await this.#records.images([id]);
    if (image == null) return { outcome: 'unknown' };
    // Also what keeps an image that is looked at from being the least recently used.
    if (!(await this.#images.intact(id))) return { outcome: 'gone' };
    const spec = settled(image, asked);
    if (this.#elsewhere !== null && request.mayRedirect === true && isMaster(image, spec)) {
      const { seconds } = this.#elsewhere;
      return { outcome: 'elsewhere', url: await this.#elsewhere.address(id), seconds, etag: etagOf(id) };
    }
    const make = async (left: AbortSignal): Promise<Variant> => {
      const master = await this.#images.read(id);
      if (master === null) throw new Gone();
      const body = await encodeVariant(master, image, spec, left);
      return { body, etag: etagOf(await sha256(body)) };
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

/** A master's is its id's. @param sha256 of the bytes */
const etagOf = (sha256: string) => `"${sha256.slice(0, 32)}"`;

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
