import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { StorageUnavailable } from '../../domain/problems.js';
import type { TokenizerFiles } from '../../domain/published-model.js';
import { writeAtomically } from '../../stores/disk/atomic-file.js';
import type { ImageStore } from '../../stores/images/image-store.js';

/** As much of a hash as tells one tokenizer from another. */
const NAMED = 32;

/** Tokenizers of published models, each fetched once into a folder of this machine. */
export class TokenizerFolders {
  readonly #root: string;
  readonly #files: Pick<ImageStore, 'read'>;
  readonly #fetching = new Map<string, Promise<string>>();

  constructor(root: string, files: Pick<ImageStore, 'read'>) {
    this.#root = root;
    this.#files = files;
  }

  /** The folder that holds the files under their own names. @throws StorageUnavailable */
  folder(tokenizer: TokenizerFiles): Promise<string> {
    const name = Object.values(tokenizer)
      .map((sha256) => sha256.slice(0, NAMED))
      .join('-');
    const known = this.#fetching.get(name);
    if (known !== undefined) return known;
    const fetching = this.#fetch(join(this.#root, name), tokenizer);
    this.#fetching.set(name, fetching);
    // What was not there may be there the next time.
    fetching.catch(() => this.#fetching.delete(name));
    return fetching;
  }

  async #fetch(folder: string, tokenizer: TokenizerFiles): Promise<string> {
    const missing = Object.entries(tokenizer).filter(([name]) => !existsSync(join(folder, name)));
    await Promise.all(
      missing.map(async ([name, sha256]) => {
        const bytes = await this.#files.read(sha256);
        if (bytes === null) throw new StorageUnavailable();
        await writeAtomically(join(folder, name), bytes, join(folder, `.${randomUUID()}`));
      }),
    );
    return folder;
  }
}
