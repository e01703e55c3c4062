/** A catalog entry: what clients choose by id, with the folders that make it up. Read from `models/catalog.json`. */
export interface ModelEntry {
  readonly id: string;
  readonly name: string;
  readonly family: 'z-image';
  readonly components: ComponentFolders;
  readonly operations: readonly ('GENERATE' | 'EDIT' | 'REFINE')[];
  readonly editModes: readonly ('INPAINT' | 'STRENGTH' | 'INSTRUCTION')[];
  readonly defaults: {
    readonly width: number;
    readonly height: number;
    readonly steps: number;
    readonly guidance: number;
    /** Of a refinement: forwards, and how much noise it begins with. */
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

/** A LoRA that clients may ask for with a model. */
export interface LoraEntry {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Absolute path of a safetensors file, diffusers- or Kohya-style. */
  readonly file: string;
}

/** Absolute paths of diffusers-layout component folders. `preview` holds an AutoencoderTiny; without one there are no previews. */
export interface ComponentFolders {
  readonly transformer: string;
  /** Low-rank differences that are added to the transformer's weights when it is loaded; null where it is used as it lies. */
  readonly difference: string | null;
  readonly textEncoder: string;
  readonly tokenizer: string;
  readonly vae: string;
  readonly scheduler: string;
  readonly preview: string | null;
  /** A SigLIP 2 vision tower, for instructions; null where the transformer has no use for one. */
  readonly imageEncoder: string | null;
}

/** The folders that decide a model's images, and those that decide nothing of them: a preview is only shown meanwhile. */
export function foldersOf(components: ComponentFolders): {
  readonly deciding: readonly string[];
  readonly others: readonly string[];
} {
  const { transformer, difference, textEncoder, tokenizer, vae, scheduler, imageEncoder, preview } = components;
  const there = (folders: readonly (string | null)[]) => folders.filter((folder) => folder !== null);
  return {
    deciding: there([transformer, difference, textEncoder, tokenizer, vae, scheduler, imageEncoder]),
    others: there([preview]),
  };
}
