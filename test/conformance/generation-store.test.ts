import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLibsqlStore } from '../../src/stores/generations/libsql-store.js';
import { generationStoreConformance } from './generation-store.js';

generationStoreConformance('the libsql file', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'inkstone-records-')), 'inkstone.db');
  return { open: (rows = 1000) => openLibsqlStore(file, { rows }) };
});
