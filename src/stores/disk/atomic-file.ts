import { closeSync, fsync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { makeFolder, PRIVATE_FILE, PRIVATE_FOLDER } from '../../environment/folders.js';

const sync = promisify(fsync);

/**
 * Writes a file that is either there whole or not at all, whenever the power goes: a temporary file in `temporary`, which
 * must be on the same file system, made durable, then renamed into place.
 *
 * The file has the mode of PRIVATE_FILE. Only what waits for the disk runs on another thread: the rest takes less time than a hand-over.
 */
export async function writeAtomically(file: string, bytes: Uint8Array, temporary: string): Promise<void> {
  const folder = dirname(file);
  // Each time: somebody who needed the space may have removed folders, this one too.
  for (const needed of [folder, dirname(temporary)]) makeFolder(needed, PRIVATE_FOLDER);
  try {
    const descriptor = openSync(temporary, 'wx', PRIVATE_FILE);
    try {
      writeFileSync(descriptor, bytes);
      await sync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Makes a rename durable. */
async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders; its renames are in the journal.
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    await sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
