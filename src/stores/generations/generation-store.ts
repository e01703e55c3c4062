import type { Generation } from '../../domain/generation.js';
import type { ImageRecord } from '../../domain/image.js';
import type { Plan } from '../../domain/plan.js';

export interface StoredGeneration {
  readonly generation: Generation;
  /** Number of its last progress event; null while it runs. */
  readonly lastSequence: number | null;
  /** How it goes on in another process; null when it is over. */
  readonly plan: Plan | null;
}

/**
 * What must outlive the process. Every promise resolves when what it did is durable; calls take effect in the order they
 * were made.
 */
export interface GenerationStore {
  save(stored: StoredGeneration): Promise<void>;
  /** In the order of the ids; null for those that are not there. */
  generations(ids: readonly string[]): Promise<readonly (StoredGeneration | null)[]>;
  /** Those that were neither finished, failed nor cancelled, the oldest first. */
  unfinished(): Promise<readonly StoredGeneration[]>;
  /** The first record of a fingerprint wins, until its image is gone: resolves with the one that stands. */
  saveImage(image: ImageRecord, at: number): Promise<ImageRecord>;
  /** By fingerprint; null for those that are not there, or whose image is gone. */
  imagesByFingerprint(fingerprints: readonly string[]): Promise<readonly (ImageRecord | null)[]>;
  /** By image id, gone or not. */
  images(ids: readonly string[]): Promise<readonly (ImageRecord | null)[]>;
  /** The image store has them no more: their fingerprints are free, their ids are remembered as gone. */
  forget(imageIds: readonly string[], at: number): Promise<void>;
  /** Whether anything asked of it can be answered. */
  alive(): boolean;
  /** Finishes what was asked, then closes. */
  close(): Promise<void>;
}
