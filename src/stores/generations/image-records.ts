import { LRUCache } from 'lru-cache';
import type { ImageRecord } from '../../domain/image.js';
import { StorageUnavailable } from '../../domain/problems.js';
import type { ImageStore } from '../images/image-store.js';
import type { GenerationStore, StoredGeneration } from './generation-store.js';

/** Records of finished images by fingerprint. */
export type ImageRecordCache = LRUCache<string, ImageRecord>;

export interface RecordsParts {
  readonly memory: ImageRecordCache;
  readonly store: GenerationStore;
  readonly images: ImageStore;
}

/** Of finished generations and of images by id, so that an id that was just told is answered without the disk. */
const recent = 4000;
/** For those generations: most take a kilobyte, those with the longest prompts a hundred times as much. */
const recentBytes = 16 * 1024 ** 2;
const bytesOf = ({ generation: { prompt, negativePrompt } }: StoredGeneration) =>
  1024 + 2 * (prompt.length + negativePrompt.length);

/** What is remembered: memory first, then the store. */
export class Records {
  readonly #parts: RecordsParts;
  readonly #generations = new LRUCache<string, StoredGeneration>({
    max: recent,
    maxSize: recentBytes,
    sizeCalculation: bytesOf,
  });
  readonly #images = new LRUCache<string, ImageRecord>({ max: recent });
  /** Ends of generations that could not be written when they were told. */
  readonly #waiting = new LRUCache<string, StoredGeneration>({
    max: recent,
    maxSize: recentBytes,
    sizeCalculation: bytesOf,
  });

  constructor(parts: RecordsParts) {
    this.#parts = parts;
  }

  /**
   * Makes a finished image durable, and remembers it. Resolves with the record that stands: another worker may have finished the
   * fingerprint first.
   *
   * @param replace whether it takes the place of another image in any case, not only of one whose file is gone
   */
  async saveImage(image: ImageRecord, at: number, replace = false): Promise<ImageRecord> {
    const { store, images, memory } = this.#parts;
    let stands = await store.saveImage(image, at);
    if (stands.id !== image.id && (replace || !(await images.intact(stands.id)))) {
      await store.forget([stands.id], at);
      stands = await store.saveImage(image, at);
    }
    memory.set(stands.fingerprint, stands);
    return stands;
  }

  /** Finished images by fingerprint, each with its file there and whole; null for those that must be made. */
  async recall(fingerprints: readonly string[]): Promise<readonly (ImageRecord | null)[]> {
    const found = await this.#find(fingerprints);
    return Promise.all(
      found.map(async (image) => {
        if (image === null) return null;
        if (!(await this.#parts.images.intact(image.id))) return null;
        this.#parts.memory.set(image.fingerprint, image);
        this.#images.set(image.id, image);
        return image;
      }),
    );
  }

  async #find(fingerprints: readonly string[]): Promise<readonly (ImageRecord | null)[]> {
    const { memory, store } = this.#parts;
    const found = fingerprints.map((fingerprint) => memory.get(fingerprint) ?? null);
    const missing = fingerprints.filter((_, i) => found[i] === null);
    if (missing.length === 0) return found;
    const stored = new Map((await store.imagesByFingerprint(missing)).map((image, i) => [missing[i]!, image]));
    return fingerprints.map((fingerprint, i) => found[i] ?? stored.get(fingerprint) ?? null);
  }

  /** Makes a finished generation durable. Where nothing can be stored at the moment, its end is told all the same and written later. */
  async save(stored: StoredGeneration): Promise<void> {
    const { id } = stored.generation;
    if (isOver(stored)) this.#generations.set(id, stored);
    try {
      await this.#parts.store.save(stored);
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      this.#waiting.set(id, stored);
    }
  }

  /** Writes what had to wait. @throws StorageUnavailable where it must wait longer */
  async catchUp(): Promise<void> {
    for (const [id, stored] of [...this.#waiting.entries()].reverse()) {
      await this.#parts.store.save(stored);
      if (this.#waiting.peek(id) === stored) this.#waiting.delete(id);
    }
  }

  async generations(ids: readonly string[]): Promise<readonly (StoredGeneration | null)[]> {
    const load = async (missing: readonly string[]) => {
      const stored = await this.#parts.store.generations(missing);
      return missing.map((id, i) => this.#waiting.get(id) ?? stored[i] ?? null);
    };
    return fromMemoryOr(ids, this.#generations, load, isOver);
  }

  async images(ids: readonly string[]): Promise<readonly (ImageRecord | null)[]> {
    return fromMemoryOr(ids, this.#images, (missing) => this.#parts.store.images(missing));
  }
}

/** The image store has these no more: their records leave the memory, and known to be gone. */
export async function forgetImages(
  ids: readonly string[],
  at: number,
  { memory, store }: Pick<RecordsParts, 'memory' | 'store'>,
): Promise<void> {
  // Asked for at once: an image that is made again meanwhile is saved after this, and stays.
  const forgotten = store.forget(ids, at);
  for (const image of await store.images(ids)) if (image !== null) memory.delete(image.fingerprint);
  await forgotten;
}

/** Of others, another process may know more. */
const isOver = ({ generation }: StoredGeneration): boolean => generation.finishedAt !== null;

async function fromMemoryOr<V extends object>(
  ids: readonly string[],
  memory: LRUCache<string, V>,
  load: (missing: readonly string[]) => Promise<readonly (V | null)[]>,
  lasts: (value: V) => boolean = () => true,
): Promise<readonly (V | null)[]> {
  const found = ids.map((id) => memory.get(id) ?? null);
  const missing = ids.filter((_, i) => found[i] === null);
  if (missing.length === 0) return found;
  const loaded = new Map((await load(missing)).map((value, i) => [missing[i]!, value]));
  for (const [id, value] of loaded) if (value !== null && lasts(value)) memory.set(id, value);
  return ids.map((id, i) => found[i] ?? loaded.get(id) ?? null);
}
