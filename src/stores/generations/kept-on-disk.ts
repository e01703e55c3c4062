import type { Disk } from '../disk/disk.js';
import type { ImageStore } from '../images/image-store.js';
import type { GenerationStore } from './generation-store.js';

/** What a row and the pages around it may take at most, about. */
const rowBytes = 64 * 1024;

/** Records whose failing writes are told as what they are: the disk's. */
export function recordsOn(disk: Disk, store: GenerationStore): GenerationStore {
  return {
    // The end of a generation may be written later; for a new one, which needs room anyway, images leave.
    save: (stored) => disk.write(() => store.save(stored), stored.generation.finishedAt === null ? rowBytes : 0),
    saveImage: (image, at) => disk.write(() => store.saveImage(image, at), rowBytes),
    forget: (ids, at) => disk.write(() => store.forget(ids, at)),
    generations: (ids) => disk.write(() => store.generations(ids)),
    unfinished: () => disk.write(() => store.unfinished()),
    imagesByFingerprint: (fingerprints) => disk.write(() => store.imagesByFingerprint(fingerprints)),
    images: (ids) => disk.write(() => store.images(ids)),
    alive: () => store.alive(),
    close: () => store.close(),
  };
}

/** Images likewise. */
export function imagesOn(disk: Disk, store: ImageStore): ImageStore {
  return {
    put: (bytes) => disk.write(() => store.put(bytes), bytes.length),
    read: (id) => store.read(id),
    intact: (id) => store.intact(id),
    release: (bytes) => store.release(bytes),
    close: () => store.close(),
  };
}
