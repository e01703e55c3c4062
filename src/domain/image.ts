import type { Region } from './region.js';

/** A finished image. `id` is the sha256 of its master file, recipe included. */
export interface Image {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  /** Base64 of about 25 bytes. */
  readonly thumbhash: string;
  readonly seed: number;
  readonly fingerprint: string;
}

/** An image as it is recorded: found by its fingerprint, stored in the image store under its id. */
export interface ImageRecord extends Image {
  /** Of the master file. */
  readonly bytes: number;
  /** Where a refinement improved it; empty otherwise. */
  readonly regions: readonly Region[];
}
