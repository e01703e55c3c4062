import type { Mask, Pixels } from '../engine/engine.js';
import type { CanonicalRequest } from './canonical.js';
import type { CachePolicy } from './types.js';

/** A request with everything decided. */
export interface Order {
  readonly canonical: CanonicalRequest;
  /** The pictures that came with it; null where none did. */
  readonly given: Given | null;
  readonly policy: CachePolicy;
  /** The client gave no seed: nothing remembered answers it, and it joins nobody's flight. */
  readonly drawn: boolean;
  readonly promptTokens: number;
  readonly promptTruncated: boolean;
}

/** The pictures of a change, as the engine takes them. */
export interface Given {
  readonly source: Pixels;
  /** The source's id, where it is a picture of ours. */
  readonly sourceId: string | null;
  readonly references: readonly Pixels[];
  /** Of the source's size. */
  readonly mask: Mask | null;
}
