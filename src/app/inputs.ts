import { lookup } from 'node:dns/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '../environment/clock.js';
import type { GenerationConfig } from '../generation/config.js';
import type { ImagesConfig } from '../images/config.js';
import { ImageFetcher, type ImageFetcherOptions } from '../inputs/image-fetcher.js';
import { Sources } from '../inputs/sources.js';
import { openFolderImageStore } from '../stores/images/folder-image-store.js';
import type { ImageStore } from '../stores/images/image-store.js';

export interface OpenSourcesOptions {
  readonly images: ImageStore;
  /** Where they wait for their jobs; left out, a folder of the data folder. */
  readonly store?: ImageStore;
  readonly settings: { readonly generation: GenerationConfig; readonly images: ImagesConfig };
  /** Left out, as the machine does it. */
  readonly resolve?: ImageFetcherOptions['resolve'];
  readonly clock?: Clock;
}

/** How images come in, and where they wait for their jobs. */
export async function openSources({
  images,
  store,
  settings,
  resolve = resolveHost,
  clock = systemClock,
}: OpenSourcesOptions): Promise<Sources> {
  const fetcher = settings.generation.FETCH_IMAGES ? createFetcher(settings.generation, resolve, clock) : null;
  const maxPixels = settings.images.INPUT_PIXELS;
  return new Sources({ images, store: store ?? (await openSourceFolder(settings.generation)), fetcher, maxPixels });
}

/** Opens (or makes) the folder where images wait for their jobs. */
export function openSourceFolder({ DATA_DIR, SOURCE_STORE_BYTES }: GenerationConfig): Promise<ImageStore> {
  return openFolderImageStore(join(DATA_DIR, 'sources'), { maxBytes: SOURCE_STORE_BYTES, onGone: () => {} });
}

function createFetcher(
  { IMAGE_HOSTS, IMAGE_PORTS, IMAGE_NETWORKS, FETCH_BYTES, FETCH_TIMEOUT_MS }: GenerationConfig,
  resolve: ImageFetcherOptions['resolve'],
  clock: Clock,
): ImageFetcher {
  return new ImageFetcher({
    rules: { hosts: IMAGE_HOSTS, ports: IMAGE_PORTS },
    networks: IMAGE_NETWORKS,
    maxBytes: FETCH_BYTES,
    timeoutMs: FETCH_TIMEOUT_MS,
    resolve,
    clock,
  });
}

async function resolveHost(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}
