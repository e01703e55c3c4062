/** A catalog entry: what clients choose by id, with the locations of its components. Read from `models/catalog.json`. */
export interface ModelEntry {
  readonly id: string;
  readonly name: string;
  readonly family: 'z-image';
  readonly components: ComponentLocations;
  readonly operations: readonly ('GENERATE' | 'EDIT' | 'REFINE')[];
  readonly editModes: readonly ('INPAINT' | 'STRENGTH' | 'INSTRUCTION')[];
  readonly defaults: {
    readonly width: number;
    readonly height: number;
    readonly steps: number;
    readonly guidance: number;
    /** Of a refinement: steps, and the denoising strength, 0 … 1. */
    readonly refineSteps: number;
    readonly refineStrength: number;
  };
  /** Pixels a side and in all; sides are multiples of 16. */
  readonly limits: {
    readonly minSide: number;
    readonly maxSide: number;
    readonly maxPixels: number;
    readonly maxPromptTokens: number;
    /** Images beside the source that an instruction may speak of. */
    readonly maxReferences: number;
  };
  readonly supportsGuidance: boolean;
  readonly supportsNegativePrompt: boolean;
  readonly loras: readonly LoraEntry[];
}

/** What is told of a model beside where its files are. */
export interface ModelDescription extends Omit<ModelEntry, 'components' | 'loras'> {
  readonly loras: readonly Omit<LoraEntry, 'file'>[];
}

/** A LoRA that clients may ask for with a model. */
export interface LoraEntry {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Absolute path of a safetensors file, diffusers- or Kohya-style. */
  readonly file: string;
}

/** Absolute paths of component folders. `preview` holds an AutoencoderTiny; without one there are no previews. */
export interface ComponentLocations {
  readonly transformer: string;
  /** Low-rank factors that are merged into the transformer's weights when it is loaded: a file, or its folder. Null where there are none. */
  readonly adapter: string | null;
  readonly textEncoder: string;
  readonly tokenizer: string;
  readonly vae: string;
  readonly scheduler: string;
  readonly preview: string | null;
  /** A SigLIP 2 vision tower, for instructions; null where the transformer has no use for one. */
  readonly imageEncoder: string | null;
}

/** The locations that decide a model's images, and those that do not: a preview is shown only while an image is made. */
export function locationsOf(components: ComponentLocations): {
  readonly deciding: readonly string[];
  readonly others: readonly string[];
} {
  const { transformer, adapter, textEncoder, tokenizer, vae, scheduler, imageEncoder, preview } = components;
  const there = (locations: readonly (string | null)[]) => locations.filter((location) => location !== null);
  return {
    deciding: there([transformer, adapter, textEncoder, tokenizer, vae, scheduler, imageEncoder]),
    others: there([preview]),
  };
}
