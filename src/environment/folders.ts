import { chmodSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Mode of folders: only the user that this program runs as. */
export const PRIVATE_FOLDER = 0o700;
/** Mode of files: only the user that this program runs as. */
export const PRIVATE_FILE = 0o600;

/** The sticky bit: every user may put files into such a folder (/tmp). */
const STICKY = 0o1000;

/**
 * Makes a folder and those above it, where they are missing. Node's own recursive mkdir never returns where a file system answers ENOENT
 * although the folder above is there, as /proc does.
 *
 * @throws the system's error
 */
export function makeFolder(folder: string, mode = 0o777): void {
  try {
    mkdirSync(folder, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
    if (code !== 'ENOENT' || dirname(folder) === folder) throw error;
    if (statSync(dirname(folder), { throwIfNoEntry: false })?.isDirectory()) throw error;
    makeFolder(dirname(folder), mode);
    // Once more and not again: what is missing now is nothing that could be made.
    mkdirSync(folder, { mode });
  }
}

/** The same for a folder that only this user may look into: one that an older version made is closed to others. */
export function makePrivateFolder(folder: string): void {
  makeFolder(folder, PRIVATE_FOLDER);
  closeToOthers(folder, PRIVATE_FOLDER);
}

/** Takes away what others may do with a file or folder of ours. One that belongs to somebody else, or to everybody, stays as it is. */
export function closeToOthers(path: string, mode: number): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined || (found.mode & 0o777 & ~mode) === 0) return;
  if ((found.mode & STICKY) !== 0 || found.uid !== process.getuid?.()) return;
  try {
    chmodSync(path, found.mode & mode);
  } catch {
    // A file system without modes, or one that is only read: whoever mounted it decides who sees it.
  }
}
