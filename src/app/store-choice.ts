import { join } from 'node:path';
import type { Elsewhere } from '../images/variants.js';
import { openLibsqlStore } from '../stores/generations/libsql-store.js';
import type { SqlStore } from '../stores/generations/sql-store.js';
import { openFolderImageStore } from '../stores/images/folder-image-store.js';
import type { ImageStore } from '../stores/images/image-store.js';
import { openSourceFolder } from './inputs.js';
import type { StoresOptions } from './stores.js';

/** Where something is kept: in folders of this process, or in services that can be asked whether they can be used. */
export interface OpenedStores {
  readonly folders: readonly string[];
  readonly probes: Readonly<Record<string, () => Promise<void>>>;
  /** Lets go of images worth so many bytes, where there are any; how many bytes it was. */
  readonly release?: (bytes: number) => Promise<number>;
}

export interface ImageStores extends OpenedStores {
  readonly images: ImageStore;
  readonly inputs: ImageStore;
  /** Files of models that processes without models need. */
  readonly files: ImageStore;
  readonly elsewhere: Elsewhere | null;
}

/** For which an address in S3 holds. */
const SIGNED_SECONDS = 600;

/** In Postgres or in a file. @throws StoreUnusable */
export async function openGenerationStore({
  settings: { generation, stores },
  log,
  clock,
}: StoresOptions): Promise<OpenedStores & { readonly store: SqlStore }> {
  const rows = generation.GENERATION_LIMIT;
  if (stores?.DATABASE_URL === undefined) {
    const store = await openLibsqlStore(join(generation.DATA_DIR, 'inkstone.db'), { rows });
    return { store, folders: [generation.DATA_DIR], probes: {} };
  }
  const { openPostgresStore } = await import('../stores/generations/postgres-store.js');
  const store = await openPostgresStore(stores.DATABASE_URL, { rows, log, clock });
  return { store, folders: [], probes: { Postgres: () => store.probe() } };
}

/** A few megabytes a model. */
const unbounded = { maxBytes: Number.MAX_SAFE_INTEGER, onGone() {} };

/** In S3 or in folders. @throws StoreUnusable */
export async function openImageStores(
  { settings: { generation, stores }, log, clock }: StoresOptions,
  onGone: (ids: readonly string[]) => void,
): Promise<ImageStores> {
  const {
    IMAGE_STORE,
    IMAGE_REDIRECT = false,
    S3_ENDPOINT: endpoint,
    S3_PUBLIC_ENDPOINT: publicEndpoint,
  } = stores ?? {};
  if (IMAGE_STORE === undefined) {
    const folder = join(generation.DATA_DIR, 'images');
    const images = await openFolderImageStore(folder, { maxBytes: generation.IMAGE_STORE_BYTES, onGone });
    const inputs = await openSourceFolder(generation);
    const files = await openFolderImageStore(join(generation.DATA_DIR, 'files'), unbounded);
    return {
      images,
      inputs,
      files,
      elsewhere: null,
      folders: [folder],
      probes: {},
      release: (bytes) => images.release(bytes),
    };
  }
  const { openS3ImageStore, inputsBeside, filesBeside } = await import('../stores/images/s3-image-store.js');
  const shared = { endpoint, publicEndpoint, log, clock };
  const nothing = { onGone() {} };
  const [images, inputs, files] = await Promise.all([
    openS3ImageStore(IMAGE_STORE, { ...shared, kind: 'image', onGone }),
    openS3ImageStore(inputsBeside(IMAGE_STORE), { ...shared, ...nothing, kind: 'input' }),
    openS3ImageStore(filesBeside(IMAGE_STORE), { ...shared, ...nothing, kind: 'file' }),
  ]);
  const elsewhere = { seconds: SIGNED_SECONDS, address: (id: string) => images.signed(id, SIGNED_SECONDS) };
  const probes = { S3: () => images.probe() };
  return { images, inputs, files, elsewhere: IMAGE_REDIRECT ? elsewhere : null, folders: [], probes };
}
