import type { CanonicalRequest } from '../domain/canonical.js';
import type { TokenCount } from '../domain/prompt.js';
import type { Mask, Pixels } from '../engine/engine.js';
import type { CachePolicy } from './types.js';

/** A request with everything decided. */
export interface ResolvedRequest {
  readonly canonical: CanonicalRequest;
  /** The images that came with it; null where none did. */
  readonly inputImages: InputImages | null;
  readonly policy: CachePolicy;
  /** The request has no seed: it bypasses the result cache. */
  readonly randomSeed: boolean;
  readonly promptTokens: TokenCount;
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
