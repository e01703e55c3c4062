import { randomUUID } from 'node:crypto';
import { statSync, utimesSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { closeToOthers, makePrivateFolder, PRIVATE_FILE, PRIVATE_FOLDER } from '../../environment/folders.js';
import { writeAtomically } from '../disk/atomic-file.js';
import { addressOf, type ImageStore, type ImageStoreOptions, isImageId } from './image-store.js';

/** What is known of one file. Where `checkedMs` equals the file's time, its content was verified by this process. */
interface Entry {
  readonly bytes: number;
  readonly checkedMs: number | null;
  touchedAt: number;
}

/** The order of use survives a restart in the files' access times, which are written at most so often. */
const touchEveryMs = 60_000;

/** Opens (or makes) a store of files `ab/<sha256>.png` in a folder that no other process writes to. */
export async function openFolderImageStore(folder: string, options: ImageStoreOptions): Promise<ImageStore> {
  const unfinished = join(folder, '.unfinished');
  makePrivateFolder(folder);
  // What a crash left. Where nothing can be written at the moment, it is made when it is needed.
  await rm(unfinished, { recursive: true, force: true }).catch(() => {});
  const store = new FolderImageStore(folder, unfinished, options, await listed(folder));
  await store.evict(null);
  return store;
}

class FolderImageStore implements ImageStore {
  readonly #folder: string;
  readonly #unfinished: string;
  readonly #options: ImageStoreOptions;
  /** Least recently used first. */
  readonly #entries: Map<string, Entry>;
  #bytes = 0;

  constructor(folder: string, unfinished: string, options: ImageStoreOptions, entries: Map<string, Entry>) {
    this.#folder = folder;
    this.#unfinished = unfinished;
    this.#options = options;
    this.#entries = entries;
    for (const { bytes } of entries.values()) this.#bytes += bytes;
  }

  async put(bytes: Uint8Array): Promise<string> {
    const id = await addressOf(bytes);
    const file = this.#file(id);
    // Written even if it is there: what is there may be damaged.
    await writeAtomically(file, bytes, join(this.#unfinished, randomUUID()));
    this.#checked(id, bytes.length, statSync(file).mtimeMs);
    await this.evict(id);
    return id;
  }

  async read(id: string): Promise<Uint8Array | null> {
    if (!isImageId(id)) return null;
    const file = this.#file(id);
    const [bytes, found] = await Promise.all([readFile(file), stat(file)]).catch(orMissing);
    if (bytes === undefined) {
      this.#lost(id);
      return null;
    }
    if ((await addressOf(bytes)) !== id) {
      await removed(file);
      this.#lost(id);
      return null;
    }
    this.#checked(id, bytes.length, found.mtimeMs);
    return bytes;
  }

  async intact(id: string): Promise<boolean> {
    if (!isImageId(id)) return false;
    const known = this.#entries.get(id);
    // Synchronous on purpose: it takes 3 µs, and handing it to another thread takes 50. Every repeat comes by here.
    const found = statSync(this.#file(id), { throwIfNoEntry: false });
    // Looking at size and time costs microseconds; reading and hashing is for files that somebody else has touched.
    if (known === undefined || found?.size !== known.bytes || found.mtimeMs !== known.checkedMs)
      return (await this.read(id)) !== null;
    this.#used(id, known);
    return true;
  }

  async close(): Promise<void> {}

  async release(bytes: number): Promise<number> {
    const before = this.#bytes;
    if (bytes > before / 2) return 0;
    await this.#leave(before - bytes, null);
    return before - this.#bytes;
  }

  /** Keeps to the budget, but never by removing `keep`. */
  async evict(keep: string | null): Promise<void> {
    await this.#leave(this.#options.maxBytes, keep);
  }

  /** Until so many bytes are left, least recently used first. */
  async #leave(mostBytes: number, keep: string | null): Promise<void> {
    const leaving: string[] = [];
    for (const [id, { bytes }] of this.#entries) {
      if (this.#bytes <= mostBytes) break;
      if (id === keep) continue;
      this.#entries.delete(id);
      this.#bytes -= bytes;
      leaving.push(id);
    }
    if (leaving.length === 0) return;
    // Forgotten before the files go, so that nobody is sent to an address that is about to end.
    this.#options.onGone(leaving);
    await Promise.all(leaving.map((id) => removed(this.#file(id))));
  }

  /** Its bytes are what its address says. The file gets a time of whole seconds, which every later touch repeats exactly. */
  #checked(id: string, bytes: number, mtimeMs: number): void {
    const entry = { bytes, checkedMs: Math.floor(mtimeMs / 1000) * 1000, touchedAt: Date.now() };
    this.#touch(id, entry);
    this.#bytes += bytes - (this.#entries.get(id)?.bytes ?? 0);
    this.#moveToEnd(id, entry);
  }

  #used(id: string, entry: Entry): void {
    this.#moveToEnd(id, entry);
    const now = Date.now();
    if (now - entry.touchedAt < touchEveryMs) return;
    entry.touchedAt = now;
    this.#touch(id, entry);
  }

  #moveToEnd(id: string, entry: Entry): void {
    this.#entries.delete(id);
    this.#entries.set(id, entry);
  }

  /** An order of use that was not written down is no reason to fail. */
  #touch(id: string, { touchedAt, checkedMs }: Entry): void {
    try {
      utimesSync(this.#file(id), touchedAt / 1000, (checkedMs ?? touchedAt) / 1000);
    } catch {
      // The next one may be written.
    }
  }

  #lost(id: string): void {
    const known = this.#entries.get(id);
    this.#entries.delete(id);
    this.#bytes -= known?.bytes ?? 0;
    this.#options.onGone([id]);
  }

  #file(id: string): string {
    return join(this.#folder, id.slice(0, 2), `${id}.png`);
  }
}

/** All files with their sizes, least recently used first, none of them checked. What an older version left open to others is closed. */
async function listed(folder: string): Promise<Map<string, Entry>> {
  const names = await readdir(folder, { recursive: true });
  const found: [string, Entry][] = [];
  for (const name of names) {
    const id = basename(name, '.png');
    if (/^[0-9a-f]{2}$/.test(name)) closeToOthers(join(folder, name), PRIVATE_FOLDER);
    if (!isImageId(id)) continue;
    const { size, atimeMs, mode } = await stat(join(folder, name));
    if ((mode & 0o077) !== 0) closeToOthers(join(folder, name), PRIVATE_FILE);
    found.push([id, { bytes: size, checkedMs: null, touchedAt: atimeMs }]);
  }
  return new Map(found.sort(([, a], [, b]) => a.touchedAt - b.touchedAt));
}

/** A file that stays, as on a disk that is only read, is looked at again at the next start. */
async function removed(file: string): Promise<void> {
  await rm(file, { force: true }).catch(() => {});
}

function orMissing(error: NodeJS.ErrnoException): readonly [undefined, undefined] | never {
  if (error.code === 'ENOENT') return [undefined, undefined];
  throw error;
}
