import { createHash } from 'node:crypto';
import type { EditMode, Region } from '../engine/engine.js';

/** Raised when the meaning of a fingerprint changes, so that nothing made before is taken for what is asked now. */
const version = 3;

/** What decides the pixels of every image. */
export interface CanonicalSampling {
  readonly model: string;
  /** Hash of the model's files: two fine-tunes under one name never share images. */
  readonly content: string;
  /** The device class decides the precision, and so the last bits of an image. */
  readonly device: string;
  /** What computes, with its version: another one may have other kernels. */
  readonly runtime: string;
  /** Tokens of a prompt that are read; what comes after them is cut off. */
  readonly maxPromptTokens: number;
  /** NFC. */
  readonly prompt: string;
  /** NFC; empty where guidance is off, because it is not looked at then. */
  readonly negativePrompt: string;
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  /** In effect: after dynamic guidance. */
  readonly guidance: number;
  /** 0 where guidance is off. */
  readonly guidanceNormalization: number;
  /** 1 where guidance is off. */
  readonly guidanceTruncation: number;
  /** By id, none of weight 0. */
  readonly loras: readonly CanonicalLora[];
  /** Of the first image; image i has seed + i. */
  readonly seed: number;
  readonly count: number;
}

export interface CanonicalLora {
  readonly id: string;
  readonly weight: number;
  /** Hash of its file. */
  readonly content: string;
}

/** Images are named by the hash of their pixels: however they were given, equal ones are the same. */
export interface CanonicalEdit extends CanonicalSampling {
  readonly operation: 'EDIT';
  readonly mode: EditMode;
  readonly source: string;
  readonly references: readonly string[];
  readonly mask: string | null;
  /** Null where the words alone decide. */
  readonly strength: number | null;
}

export interface CanonicalRefinement extends CanonicalSampling {
  readonly operation: 'REFINE';
  readonly source: string;
  readonly mask: string | null;
  readonly regions: readonly Region[] | null;
  /** What finds the regions where none are given; empty where they are. */
  readonly regionDetector: string;
  readonly strength: number;
}

/** Everything that decides the pixels of a request's images. Two requests with equal canonical forms are the same. */
export type CanonicalRequest =
  | (CanonicalSampling & { readonly operation: 'GENERATE' })
  | CanonicalEdit
  | CanonicalRefinement;

/** Of the whole request, count included. */
export function requestFingerprint(request: CanonicalRequest): string {
  return fingerprint(request);
}

/** Of image i alone: a request for one image with that seed has the same. */
export function imageFingerprint({ count, ...request }: CanonicalRequest, i: number): string {
  return fingerprint({ ...request, seed: request.seed + i });
}

function fingerprint(fields: object): string {
  return createHash('sha256')
    .update(JSON.stringify([version, sorted(fields)]))
    .digest('hex');
}

/** Objects as lists of their fields by name, so that the order in which they were written does not count. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const fields = value as Readonly<Record<string, unknown>>;
  return Object.keys(fields)
    .sort()
    .map((name) => [name, sorted(fields[name])]);
}
