import { sha256 } from '../../environment/in-turns.js';

/**
 * Keeps master images under the hash of their bytes.
 *
 * Bounded: what was used longest ago leaves first. Whatever leaves, evicted or found damaged, is told to `onGone`.
 */
export interface ImageStore {
  /** Stores the bytes durably and returns their address: sha256, lower-case hex. */
  put(bytes: Uint8Array): Promise<string>;
  /** The bytes, checked against their address; null when they are not there (any more). Damaged bytes are removed. */
  read(id: string): Promise<Uint8Array | null>;
  /** Whether the bytes are there and were not touched since they were last checked; otherwise they are checked. */
  intact(id: string): Promise<boolean>;
  /**
   * Lets go of at least so many bytes, of what was used longest ago, where that is at most half of what is there: all that is remembered is
   * too much to give for one more. Resolves with how many it was.
   */
  release(bytes: number): Promise<number>;
  close(): Promise<void>;
}

export interface ImageStoreOptions {
  readonly maxBytes: number;
  /** Called with the addresses that were there and are no more. */
  readonly onGone: (ids: readonly string[]) => void;
}

/** The address of these bytes: their sha256, lower-case hex. */
export const addressOf: (bytes: Uint8Array) => Promise<string> = sha256;

/** What an address looks like; anything else never reaches a file name. */
export const isImageId = (id: string): boolean => /^[0-9a-f]{64}$/.test(id);
