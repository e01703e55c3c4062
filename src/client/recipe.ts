/** What decides the pixels of every image. Optional fields are neutral when left out, whatever the server's defaults are. */
interface Sampled {
  /** A catalog id, as `Model.id` of the API or by name. */
  readonly model: string;
  /** 1 … 100 steps of the noise schedule. */
  readonly steps: number;
  /** 0 … 2^53−1. */
  readonly seed: number;
  readonly loras?: readonly { readonly id: string; readonly weight: number }[];
}

interface Guided extends Sampled {
  readonly prompt: string;
  readonly negativePrompt?: string;
  /** `pos + g·(pos − neg)`; 0 is off. */
  readonly guidance: number;
  /** Left out: 0, no limit. */
  readonly guidanceNormalization?: number;
  /** Left out: 1, never. */
  readonly guidanceTruncation?: number;
}

/** An image from a prompt. */
export interface GenerateRecipe extends Guided {
  readonly operation: 'generate';
  /** Pixels, multiples of 16. */
  readonly width: number;
  readonly height: number;
}

/** A stored image changed: under a mask, by a strength, or, with neither, as the prompt instructs. Images are named by `Image.sha256`. */
export interface EditRecipe extends Guided {
  readonly operation: 'edit';
  readonly image: string;
  /** White is repainted. It asks for a strength. */
  readonly mask?: string;
  readonly references?: readonly string[];
  /** 0 keeps the image, 1 ignores it. */
  readonly strength?: number;
}

/** A stored image improved: under a mask, in regions, or, with neither, where the server finds that it needs it. */
export interface RefineRecipe extends Sampled {
  readonly operation: 'refine';
  readonly prompt?: string;
  readonly image: string;
  readonly mask?: string;
  /** Rectangles in pixels from the top left corner. */
  readonly regions?: readonly Region[];
  readonly strength: number;
}

export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Everything that decides the pixels of one image. */
export type Recipe = GenerateRecipe | EditRecipe | RefineRecipe;
export type Operation = Recipe['operation'];

/** A recipe that cannot be used. The sentence names the field. */
export class InvalidRecipe extends Error {
  override readonly name = 'InvalidRecipe';
  /** What came, as a sentence shows it. */
  readonly received: string;
  constructor(
    readonly field: string,
    readonly expected: string,
    value: unknown,
  ) {
    const text = typeof value === 'string' || typeof value === 'object' ? JSON.stringify(value) : String(value);
    const received = value == null ? 'nothing' : text.slice(0, 60);
    super(`Expected \`${field}\` to be ${expected} but received ${received}.`);
    this.received = received;
  }
}
