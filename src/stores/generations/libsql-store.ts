import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { closeToOthers, makePrivateFolder, PRIVATE_FILE } from '../../environment/folders.js';
import { createSqlStore, type SqlStore, type SqlStoreOptions } from './sql-store.js';
import { SqlThread } from './sql-thread.js';

/**
 * The records in one SQLite file that belongs to this process until it ends, however it ends.
 *
 * @throws StoreUnusable
 */
export async function openLibsqlStore(file: string, options: SqlStoreOptions): Promise<SqlStore> {
  makePrivateFolder(dirname(file));
  makePrivate(file);
  return createSqlStore(await SqlThread.open(file), options);
}

/** SQLite gives the files that it makes beside the database the database's own mode. */
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'a', PRIVATE_FILE));
  } catch {
    // Why it cannot be opened is told by the database.
  }
  for (const name of [file, `${file}-wal`, `${file}-shm`, `${file}-journal`]) closeToOthers(name, PRIVATE_FILE);
}
