import type { Mask, Pixels } from '../engine/engine.js';
import type { CanonicalRequest } from './canonical.js';
import type { CachePolicy } from './types.js';

/** A request with everything decided. */
export interface ResolvedRequest {
  readonly canonical: CanonicalRequest;
  /** The images that came with it; null where none did. */
  readonly given: InputImages | null;
  readonly policy: CachePolicy;
  /** The client gave no seed: nothing remembered answers it, and it joins nobody's flight. */
  readonly randomSeed: boolean;
  readonly promptTokens: number;
  readonly promptTruncated: boolean;
}

/** The images of a change, as the engine takes them. */
export interface InputImages {
  readonly source: Pixels;
  /** The source's id, where it is an image of ours. */
  readonly sourceId: string | null;
  readonly references: readonly Pixels[];
  /** Of the source's size. */
  readonly mask: Mask | null;
}
