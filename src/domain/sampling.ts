/** A LoRA of the catalog and how strongly it is added: the weights become W + weight·ΔW. */
export interface AppliedLora {
  readonly id: string;
  readonly weight: number;
}

/** The same, with the hash of its file when the request was read; left out, any file will do. */
export interface SampledLora extends AppliedLora {
  readonly content?: string;
}

/**
 * How the images of a request are sampled. The request reader builds it; canonical form, job, engine job and recipe refer to it as one
 * value, and only the pipelines read its fields.
 */
export interface Sampling {
  /** Steps of the noise schedule. */
  readonly steps: number;
  /** Diffusers convention: `pos + g·(pos − neg)`, 0 is off. Dynamic guidance is already applied. */
  readonly guidance: number;
  /** The guided prediction may be at most this many times as long as the unguided one; 0 is no limit. */
  readonly guidanceNormalization: number;
  /** No guidance once the model's time (0 noise … 1 clean) is past this; 1 never ends it. */
  readonly guidanceTruncation: number;
  /** By id, none of weight 0. */
  readonly loras: readonly SampledLora[];
}

/** The values of the fields that only matter where guidance is on, when it is off: equal images have equal canonical forms. */
export const unguided = { guidance: 0, guidanceNormalization: 0, guidanceTruncation: 1 } as const;
