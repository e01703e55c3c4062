import { randomUUID } from 'node:crypto';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StorageUnavailable } from '../../domain/problems.js';
import type { Clock } from '../../environment/clock.js';
import { PRIVATE_FILE } from '../../environment/folders.js';
import { Lookout } from '../lookout.js';
import { isDamage, isFull, isOfTheDisk } from './disk-errors.js';

export interface DiskOptions {
  /** Each is tried: they may be different file systems. */
  readonly folders: readonly string[];
  readonly clock: Clock;
  /** Lets go of images worth so many bytes, where there are any; how many bytes it was. */
  readonly release: (bytes: number) => Promise<number>;
  /** Writes what had to wait. */
  readonly catchUp: () => Promise<void>;
  readonly log: { warn(details: object, message: string): void; error(details: object, message: string): void };
}

/** Between two looks at a disk that could not be written. */
const lookEveryMs = 1000;
/** The disk is looked at no more often than this, however often `/readyz` is asked. */
const freshMs = 250;
/** A look that takes longer is taken for a disk that cannot be written: that of a network may never answer. */
const patienceMs = 2000;
const leastBytes = 64 * 1024;
/** Each time for four times as much. */
const releases = 3;

/**
 * Whether the data folder can be written, learnt from every write that fails and by looking. While it cannot, it is looked at again and
 * again, so that all goes on by itself when there is room.
 */
export class Disk {
  readonly #options: DiskOptions;
  /** Of the largest write that failed: only when so much fits is there room again. */
  #needed = leastBytes;
  #failed = false;
  #damaged = false;
  readonly #lookout: Lookout;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#lookout = new Lookout({
      ...{ clock: options.clock, freshMs, everyMs: lookEveryMs },
      look: () => this.#look(),
    });
  }

  get writable(): boolean {
    return !this.#failed && !this.#damaged;
  }

  /**
   * Writes. Where the disk is full, images that were used longest ago leave, unless no bytes are said.
   *
   * @throws StorageUnavailable where the disk is why it failed
   */
  async write<T>(work: () => Promise<T>, bytes = 0): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await work();
      } catch (error) {
        if (isDamage(error)) this.#damaged = true;
        if (!isOfTheDisk(error)) throw error;
        const more = bytes > 0 && attempt < releases && isFull(error);
        if (more && (await this.#options.release(Math.max(bytes, leastBytes) * 4 ** attempt)) > 0) continue;
        this.#fail(error, bytes);
        throw new StorageUnavailable();
      }
    }
  }

  /** Looks whether it can be written, unless that was just done, and waits for the answer. */
  async look(): Promise<boolean> {
    await this.#lookout.look();
    return this.writable;
  }

  close(): void {
    this.#lookout.close();
  }

  async #look(): Promise<void> {
    try {
      await inPatience(Promise.all(this.#options.folders.map((folder) => tryToWrite(folder, this.#needed))));
      this.#lookout.seen();
      if (!this.#failed) return;
      this.#failed = false;
      // Fails again where only the records cannot be written.
      await this.#options.catchUp();
      this.#needed = leastBytes;
      this.#options.log.warn({}, 'the data folder can be written again');
    } catch (error) {
      this.#lookout.seen();
      this.#fail(error, 0);
    }
  }

  #fail(error: unknown, bytes: number): void {
    this.#needed = Math.max(this.#needed, bytes);
    if (!this.#failed) this.#options.log.error({ err: error }, 'the data folder cannot be written');
    this.#failed = true;
    this.#lookout.again();
  }
}

async function tryToWrite(folder: string, bytes: number): Promise<void> {
  const file = join(folder, `.room-${randomUUID()}`);
  try {
    const handle = await open(file, 'wx', PRIVATE_FILE);
    try {
      await handle.writeFile(Buffer.alloc(bytes, 1));
    } finally {
      await handle.close();
    }
  } finally {
    await rm(file, { force: true });
  }
}

async function inPatience(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`It did not answer within ${patienceMs} ms.`)), patienceMs);
  });
  await Promise.race([work, over]).finally(() => clearTimeout(timer));
}
