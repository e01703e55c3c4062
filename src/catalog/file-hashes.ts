import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { FileHashes } from '../checkpoint/index.js';
import { PRIVATE_FILE } from '../environment/folders.js';

/** More files than any catalog has; those that were used longest ago are forgotten. */
const MOST = 4096;
const schema = z.object({ version: z.literal(1), hashes: z.record(z.string(), z.string()) });

/** Hashes of files that outlive the program: a checkpoint of 30 GB is not read again at every start. */
export class KeptFileHashes implements FileHashes {
  readonly #file: string;
  readonly #hashes = new LRUCache<string, string>({ max: MOST });
  #saving: Promise<void> = Promise.resolve();
  #unsaved = false;

  /** @param folder where they are kept, once it is there */
  constructor(folder: string) {
    this.#file = join(folder, 'file-hashes.json');
    for (const [identity, hash] of Object.entries(read(this.#file))) this.#hashes.set(identity, hash);
  }

  get(identity: string): string | undefined {
    return this.#hashes.get(identity);
  }

  set(identity: string, hash: string): void {
    this.#hashes.set(identity, hash);
    this.#unsaved = true;
    void this.save();
  }

  /** A hash that cannot be written is computed again by the next program. */
  save(): Promise<void> {
    this.#saving = this.#saving.then(async () => {
      if (!this.#unsaved) return;
      this.#unsaved = false;
      const text = JSON.stringify({ version: 1, hashes: Object.fromEntries(this.#hashes.entries()) });
      const draft = `${this.#file}.${process.pid}`;
      try {
        await writeFile(draft, text, { mode: PRIVATE_FILE });
        await rename(draft, this.#file);
      } catch {
        this.#unsaved = true;
      }
    });
    return this.#saving;
  }
}

function read(file: string): Readonly<Record<string, string>> {
  try {
    return schema.parse(JSON.parse(readFileSync(file, 'utf8'))).hashes;
  } catch {
    return {};
  }
}
