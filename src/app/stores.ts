import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Clock } from '../environment/clock.js';
import { makePrivateFolder } from '../environment/folders.js';
import type { GenerationConfig } from '../generation/config.js';
import type { ImagesConfig } from '../images/config.js';
import type { Sources } from '../inputs/sources.js';
import { Disk } from '../stores/disk/disk.js';
import type { GenerationStore } from '../stores/generations/generation-store.js';
import { forgetImages, type ImageRecordCache, Records } from '../stores/generations/image-records.js';
import { imagesOn, recordsOn } from '../stores/generations/kept-on-disk.js';
import { openLibsqlStore } from '../stores/generations/libsql-store.js';

import { openFolderImageStore } from '../stores/images/folder-image-store.js';
import type { ImageStore } from '../stores/images/image-store.js';
import { StoreUnusable } from '../stores/unusable.js';
import { openSources } from './inputs.js';

export interface StoresOptions {
  readonly settings: { readonly generation: GenerationConfig; readonly images: ImagesConfig };
  readonly log: Logger;
  readonly clock: Clock;
}

/** What outlives this process. */
export interface Stores {
  readonly generations: GenerationStore;
  /** Masters of finished images. */
  readonly images: ImageStore;
  /** Images that came with requests. */
  readonly inputs: Sources;
  /** Generations and image records, the latest of them in memory. */
  readonly records: Records;
  /** Whether they can be written. */
  readonly health: Pick<Disk, 'writable' | 'look' | 'close'>;
  close(): Promise<void>;
}

/** Bytes that an image record takes in memory. */
const RECORD_BYTES = 1024;

/** Records of finished images by fingerprint. @param bytes 0 keeps none */
export function recordCache(bytes: number): ImageRecordCache {
  // To lru-cache a size of 0 is no limit.
  return new LRUCache({ maxSize: Math.max(1, bytes), sizeCalculation: () => RECORD_BYTES });
}

/** Opens the stores in the data folder, which belongs to this process until it ends. @throws StoreUnusable */
export async function openLocalStores({ settings, log, clock }: StoresOptions): Promise<Stores> {
  const { DATA_DIR, CACHE_BYTES, IMAGE_STORE_BYTES, GENERATION_LIMIT } = settings.generation;
  await makeUsable(DATA_DIR);
  // First, because its lock guards the whole folder.
  const store = await openLibsqlStore(join(DATA_DIR, 'inkstone.db'), { rows: GENERATION_LIMIT });
  try {
    const memory = recordCache(CACHE_BYTES);
    const imagesFolder = join(DATA_DIR, 'images');
    const folder = await openFolderImageStore(imagesFolder, {
      maxBytes: IMAGE_STORE_BYTES,
      onGone: (ids) => {
        forgetImages(ids, clock.now(), { memory, store }).catch((error) =>
          log.error({ err: error }, 'forgetting images'),
        );
      },
    });
    const disk = new Disk({
      folders: [DATA_DIR, imagesFolder],
      clock,
      release: (bytes) => folder.release(bytes),
      catchUp: () => records.catchUp(),
      log,
    });
    const images = imagesOn(disk, folder);
    const generations = recordsOn(disk, store);
    const records = new Records({ memory, store: generations, images });
    const inputs = await openSources({ images, disk, settings, clock });
    return {
      ...{ generations, images, inputs, records, health: disk },
      async close() {
        await inputs.close();
        await images.close();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Of a folder that belongs to another account, such as a mounted volume, the database would only say that it cannot be opened. */
async function makeUsable(folder: string): Promise<void> {
  try {
    makePrivateFolder(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StoreUnusable(`DATA_DIR ${folder} cannot be used: ${(error as Error).message}.`, { cause: error });
  }
}
