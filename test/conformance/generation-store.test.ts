import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLibsqlStore } from '../../src/stores/generations/libsql-store.js';
import { generationStoreConformance } from './generation-store.js';
import { modelStoreConformance } from './model-store.js';

const newFile = async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'inkstone-records-')), 'inkstone.db');
  return { open: (rows = 1000) => openLibsqlStore(file, { rows }) };
};
generationStoreConformance('the libsql file', newFile);
modelStoreConformance('the libsql file', async () => (await newFile()).open());
