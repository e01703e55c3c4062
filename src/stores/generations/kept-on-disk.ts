import type { ImageStore } from '../images/image-store.js';
import type { GenerationStore } from './generation-store.js';

/** Executes what is stored and read, and knows by it whether that is possible. */
export interface Place {
  /** @param bytes that may be written @throws StorageUnavailable */
  write<T>(work: () => Promise<T>, bytes?: number): Promise<T>;
}

/** What a row and the pages around it may take at most, about. */
const rowBytes = 64 * 1024;

/** Records whose failing writes are told as what they are: the fault of the place where they are kept. */
export function recordsOn(place: Place, store: GenerationStore): GenerationStore {
  return {
    // The end of a generation may be written later; for a new one, which needs room anyway, images leave.
    save: (stored) => place.write(() => store.save(stored), stored.generation.finishedAt === null ? rowBytes : 0),
    saveImage: (image, at) => place.write(() => store.saveImage(image, at), rowBytes),
    forget: (ids, at) => place.write(() => store.forget(ids, at)),
    generations: (ids) => place.write(() => store.generations(ids)),
    unfinished: () => place.write(() => store.unfinished()),
    imagesByFingerprint: (fingerprints) => place.write(() => store.imagesByFingerprint(fingerprints)),
    images: (ids) => place.write(() => store.images(ids)),
    alive: () => store.alive(),
    close: () => store.close(),
  };
}

/** Images likewise. */
export function imagesOn(place: Place, store: ImageStore): ImageStore {
  return {
    put: (bytes) => place.write(() => store.put(bytes), bytes.length),
    read: (id) => store.read(id),
    intact: (id) => store.intact(id),
    release: (bytes) => store.release(bytes),
    close: () => store.close(),
  };
}
