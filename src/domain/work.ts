import type { Region } from './region.js';

export type Operation = 'GENERATE' | 'EDIT' | 'REFINE';
export type EditMode = 'INPAINT' | 'STRENGTH' | 'INSTRUCTION';

/** A LoRA of the catalog and how strongly it is added: the weights become W + weight·ΔW. */
export interface AppliedLora {
  readonly id: string;
  readonly weight: number;
}

/** The same, with the hash of its file when it was asked for; left out, any file will do. */
export interface WantedLora extends AppliedLora {
  readonly content?: string;
}

/** What all work has. */
export interface Drawing {
  /** Catalog id. */
  readonly model: string;
  readonly prompt: string;
  /** Used only where guidance > 0; the empty string is what the reference takes when none is given. */
  readonly negativePrompt: string;
  /** Steps of the noise schedule. */
  readonly steps: number;
  /** Diffusers convention: `pos + g·(pos − neg)`, 0 is off. */
  readonly guidance: number;
  /** The guided prediction may be at most this many times as long as the unguided one; 0 is no limit. */
  readonly guidanceNormalization: number;
  /** No guidance once the model's time (0 noise … 1 clean) is past this; 1 never ends it. */
  readonly guidanceTruncation: number;
  readonly loras: readonly WantedLora[];
  /** Hash of the files that decide the model's images, as they were when this was asked for; left out, any will do. */
  readonly content?: string;
  /** 0 … 2^53−1, as `torch.manual_seed` takes it. */
  readonly seed: number;
}

/** An image from a prompt. */
export interface GenerateWork extends Drawing {
  readonly operation: 'GENERATE';
  /** Pixels, multiples of 16. */
  readonly width: number;
  readonly height: number;
}

/**
 * An image edited. Its size is the source's; sides need not be multiples of 16.
 *
 * I and M are how images and masks are given: by the name under which they are stored, or as pixels.
 */
export interface EditWork<I = string, M = string> extends Drawing {
  readonly operation: 'EDIT';
  readonly mode: EditMode;
  readonly source: I;
  /** INSTRUCTION: further images that the prompt speaks of, after the source. */
  readonly references: readonly I[];
  /** INPAINT: of the source's size. Null otherwise. */
  readonly mask: M | null;
  /** INPAINT and STRENGTH: 0 keeps the source, 1 ignores it. Null for INSTRUCTION. */
  readonly strength: number | null;
}

/** An image improved where it needs it. Without a mask and regions, the engine finds the regions itself. */
export interface RefineWork<I = string, M = string> extends Drawing {
  readonly operation: 'REFINE';
  readonly source: I;
  readonly mask: M | null;
  readonly regions: readonly Region[] | null;
  /** What finds the regions where none are given, by its content; left out, any will do. */
  readonly regionDetector?: string;
  readonly strength: number;
}

/** What an engine is to do for one image, as plain JSON. */
export type Work = GenerateWork | EditWork | RefineWork;
