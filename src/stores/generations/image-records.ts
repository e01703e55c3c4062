import { LRUCache } from 'lru-cache';
import { StorageUnavailable } from '../../domain/problems.js';
import type { ImageStore } from '../images/image-store.js';
import type { GenerationStore, Picture, StoredGeneration } from './generation-store.js';

/** Records of finished images by fingerprint. */
export type PictureMemory = LRUCache<string, Picture>;

export interface RecordsParts {
  readonly memory: PictureMemory;
  readonly store: GenerationStore;
  readonly images: ImageStore;
}

/** Of finished generations and of pictures by id: enough that whoever just got an id need not wait for the disk. */
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
  readonly #pictures = new LRUCache<string, Picture>({ max: recent });
  /** Ends of generations that could not be written when they were told. */
  readonly #waiting = new LRUCache<string, StoredGeneration>({
    max: recent,
    maxSize: recentBytes,
    sizeCalculation: bytesOf,
  });

  constructor(parts: RecordsParts) {
    this.#parts = parts;
  }

  /** Makes a finished image durable, and remembers it. */
  async saveImage(picture: Picture, at: number): Promise<void> {
    await this.#parts.store.savePicture(picture, at);
    this.#parts.memory.set(picture.fingerprint, picture);
  }

  /** Finished pictures by fingerprint, each with its file there and whole; null for those that must be made. */
  async recall(fingerprints: readonly string[]): Promise<readonly (Picture | null)[]> {
    const found = await this.#find(fingerprints);
    return Promise.all(
      found.map(async (picture) => {
        if (picture === null) return null;
        if (!(await this.#parts.images.intact(picture.id))) return null;
        this.#parts.memory.set(picture.fingerprint, picture);
        this.#pictures.set(picture.id, picture);
        return picture;
      }),
    );
  }

  async #find(fingerprints: readonly string[]): Promise<readonly (Picture | null)[]> {
    const { memory, store } = this.#parts;
    const found = fingerprints.map((fingerprint) => memory.get(fingerprint) ?? null);
    const missing = fingerprints.filter((_, i) => found[i] === null);
    if (missing.length === 0) return found;
    const stored = new Map((await store.pictures(missing)).map((picture, i) => [missing[i]!, picture]));
    return fingerprints.map((fingerprint, i) => found[i] ?? stored.get(fingerprint) ?? null);
  }

  /** Makes a finished generation durable. Where nothing can be stored at the moment, its end is told all the same and written later. */
  async save(stored: StoredGeneration): Promise<void> {
    const { id } = stored.generation;
    this.#generations.set(id, stored);
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
    return fromMemoryOr(ids, this.#generations, load);
  }

  async images(ids: readonly string[]): Promise<readonly (Picture | null)[]> {
    return fromMemoryOr(ids, this.#pictures, (missing) => this.#parts.store.images(missing));
  }
}

/** The image store has these no more: their pictures are forgotten, and known to be gone. */
export async function forgetImages(
  ids: readonly string[],
  at: number,
  { memory, store }: Pick<RecordsParts, 'memory' | 'store'>,
): Promise<void> {
  // Asked for at once: a picture that is made again meanwhile is saved after this, and stays.
  const forgotten = store.forget(ids, at);
  for (const picture of await store.images(ids)) if (picture !== null) memory.delete(picture.fingerprint);
  await forgotten;
}

async function fromMemoryOr<V extends object>(
  ids: readonly string[],
  memory: LRUCache<string, V>,
  load: (missing: readonly string[]) => Promise<readonly (V | null)[]>,
): Promise<readonly (V | null)[]> {
  const found = ids.map((id) => memory.get(id) ?? null);
  const missing = ids.filter((_, i) => found[i] === null);
  if (missing.length === 0) return found;
  const loaded = new Map((await load(missing)).map((value, i) => [missing[i]!, value]));
  for (const [id, value] of loaded) if (value !== null) memory.set(id, value);
  return ids.map((id, i) => found[i] ?? loaded.get(id) ?? null);
}
