import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFolderImageStore } from '../../src/stores/images/folder-image-store.js';
import { boundedImageStoreConformance, type ImageStorePlace, imageStoreConformance } from './image-store.js';

const newFolder = async (): Promise<ImageStorePlace> => {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-images-'));
  const fileOf = (id: string) => join(folder, id.slice(0, 2), `${id}.png`);
  return {
    open: (options) => openFolderImageStore(folder, options),
    damage: (id, bytes) => (bytes === null ? rm(fileOf(id)) : writeFile(fileOf(id), bytes)),
  };
};

imageStoreConformance('the folder', newFolder);
boundedImageStoreConformance('the folder', newFolder);
