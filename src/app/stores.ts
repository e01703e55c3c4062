import { access, constants } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Clock } from '../environment/clock.js';
import { makePrivateFolder } from '../environment/folders.js';
import type { GenerationConfig } from '../generation/config.js';
import type { ImagesConfig } from '../images/config.js';
import type { Elsewhere } from '../images/variants.js';
import type { Sources } from '../inputs/sources.js';
import type { StoresConfig } from '../stores/config.js';
import { Disk } from '../stores/disk/disk.js';
import type { GenerationStore } from '../stores/generations/generation-store.js';
import { forgetImages, type ImageRecordCache, Records } from '../stores/generations/image-records.js';
import { imagesOn, recordsOn } from '../stores/generations/kept-on-disk.js';
import type { ImageStore } from '../stores/images/image-store.js';
import type { ModelStore } from '../stores/models/model-store.js';
import { ServiceHealth } from '../stores/service-health.js';
import { StoreUnusable } from '../stores/unusable.js';
import { openSources } from './inputs.js';
import { type OpenedStores, openGenerationStore, openImageStores } from './store-choice.js';

export interface StoresOptions {
  readonly settings: {
    readonly generation: GenerationConfig;
    readonly images: ImagesConfig;
    /** Left out, all is in the data folder. */
    readonly stores?: StoresConfig;
  };
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
  /** The models of a fleet, and the files of them that processes without models need. */
  readonly models: ModelStore;
  readonly files: ImageStore;
  /** Where clients are sent for masters; null where they come from here. */
  readonly elsewhere: Elsewhere | null;
  /** Generations and image records, the latest of them in memory. */
  readonly records: Records;
  /** Whether any of them is another machine's, which comes back after an outage. */
  readonly isShared: boolean;
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

/**
 * Opens the stores that the settings choose, each by itself. What is in the data folder belongs to this process until it ends; what is in
 * Postgres and S3 is shared.
 *
 * @throws StoreUnusable
 */
export async function openStores(options: StoresOptions): Promise<Stores> {
  const { settings, log, clock } = options;
  const { DATA_DIR, CACHE_BYTES } = settings.generation;
  const { DATABASE_URL, IMAGE_STORE } = settings.stores ?? {};
  if (DATABASE_URL === undefined || IMAGE_STORE === undefined) await makeUsable(DATA_DIR);
  // First, because the lock of a database file guards the whole folder.
  const database = await openGenerationStore(options);
  try {
    const memory = recordCache(CACHE_BYTES);
    const store = database.store;
    const objects = await openImageStores(options, (ids) => {
      forgetImages(ids, clock.now(), { memory, store }).catch((error) =>
        log.error({ err: error }, 'forgetting images'),
      );
    });
    const places = placesOf([database, objects], options, () => records.catchUp());
    const generations = recordsOn(places.of(database), store);
    const images = imagesOn(places.of(objects), objects.images);
    const records = new Records({ memory, store: generations, images });
    const inputs = await openSources({ images, store: imagesOn(places.of(objects), objects.inputs), settings, clock });
    return {
      ...{ generations, images, inputs, records, elsewhere: objects.elsewhere, health: places },
      ...{ models: store.models, files: objects.files },
      isShared: DATABASE_URL !== undefined || IMAGE_STORE !== undefined,
      async close() {
        await inputs.close();
        await images.close();
        await objects.files.close();
        await store.close();
      },
    };
  } catch (error) {
    await database.store.close();
    throw error;
  }
}

/** The data folder and the services, each where anything is kept there. */
function placesOf(opened: readonly OpenedStores[], { clock, log }: StoresOptions, catchUp: () => Promise<void>) {
  const folders = opened.flatMap(({ folders }) => folders);
  const release = async (bytes: number) =>
    (await Promise.all(opened.map(({ release }) => release?.(bytes) ?? 0))).reduce((sum, freed) => sum + freed, 0);
  const disk = folders.length === 0 ? null : new Disk({ folders, clock, release, catchUp, log });
  const probes = Object.assign({}, ...opened.map(({ probes }) => probes));
  const services = Object.keys(probes).length === 0 ? null : new ServiceHealth({ probes, clock, catchUp, log });
  const all = [disk, services].filter((place) => place !== null);
  return {
    of: ({ folders }: OpenedStores) => (folders.length > 0 ? disk! : services!),
    get writable() {
      return all.every(({ writable }) => writable);
    },
    async look() {
      return (await Promise.all(all.map((place) => place.look()))).every((writable) => writable);
    },
    close() {
      for (const place of all) place.close();
    },
  };
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
