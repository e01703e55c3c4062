import type { EditMode } from './operation.js';
import type { Prompt } from './prompt.js';
import type { Region } from './region.js';
import type { Sampling } from './sampling.js';

/** What decides the pixels of every image. */
export interface Canonical {
  /** Catalog id. */
  readonly model: string;
  /** Hash of the model's files: two fine-tunes under one name never share images. */
  readonly content: string;
  /** The device class decides the precision, and so the last bits of an image. */
  readonly device: string;
  /** What computes, with its version: another one may have other kernels. */
  readonly runtime: string;
  /** Tokens of a prompt that are read; what comes after them is cut off. */
  readonly maxPromptTokens: number;
  readonly prompt: Prompt;
  readonly sampling: Sampling;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** 0 … 2^53−1, as `torch.manual_seed` takes it. */
  readonly seed: number;
}

/** What decides the last bits of an image beside the request and the model's files. */
export type ComputedBy = Pick<Canonical, 'device' | 'runtime'>;

/** An image from a prompt. Its sides are multiples of 16. */
export interface CanonicalGenerate extends Canonical {
  readonly operation: 'GENERATE';
}

/**
 * An image edited. Its size is the source's; sides need not be multiples of 16. Images are named by the sha256 of their pixels: equal
 * ones are the same, however they came in.
 */
export interface CanonicalEdit extends Canonical {
  readonly operation: 'EDIT';
  readonly mode: EditMode;
  readonly source: string;
  /** INSTRUCTION: further images that the prompt speaks of, after the source. */
  readonly references: readonly string[];
  /** INPAINT: of the source's size. Null otherwise. */
  readonly mask: string | null;
  /** INPAINT and STRENGTH: 0 keeps the source, 1 ignores it. Null for INSTRUCTION. */
  readonly strength: number | null;
}

/** An image improved in regions. Without a mask and regions, the engine finds the regions itself. */
export interface CanonicalRefine extends Canonical {
  readonly operation: 'REFINE';
  readonly source: string;
  readonly mask: string | null;
  readonly regions: readonly Region[] | null;
  /** Hash of what finds the regions where none are given; empty where they are. */
  readonly regionDetector: string;
  readonly strength: number;
}

/** Everything that decides the pixels of one image. Two images with equal canonical forms are the same. */
export type CanonicalImage = CanonicalGenerate | CanonicalEdit | CanonicalRefine;

/** Everything that decides the pixels of a request's images: image i has seed + i. */
export type CanonicalRequest = CanonicalImage & { readonly count: number };
