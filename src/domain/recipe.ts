import type { Region } from './region.js';
import type { AppliedLora, EditMode } from './work.js';

/** What an image was made from; written into it so that it can be made again. */
export interface Recipe {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly seed: number;
  readonly model: string;
  readonly steps: number;
  readonly guidance: number;
  readonly guidanceNormalization: number;
  readonly guidanceTruncation: number;
  readonly width: number;
  readonly height: number;
  readonly loras: readonly AppliedLora[];
  /** Null where it was drawn from a prompt alone. */
  readonly change: Change | null;
  readonly fingerprint: string;
}

/** Which image it was made from, and how. Images are named by the sha256 of their pixels. */
export interface Change {
  readonly mode: EditMode | 'REFINE';
  readonly strength: number | null;
  readonly source: string;
  readonly mask: string | null;
  readonly references: readonly string[];
  readonly regions: readonly Region[] | null;
}
