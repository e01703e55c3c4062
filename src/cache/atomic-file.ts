import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a file that is either there whole or not at all, whenever the power goes: a temporary file in `temporary`, which
 * must be on the same file system, made durable, then renamed into place.
 */
export async function writeAtomically(file: string, bytes: Uint8Array, temporary: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(bytes);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(file));
}

/** Makes a rename durable. */
async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders; its renames are in the journal.
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
