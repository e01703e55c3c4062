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
  };
  /** Pixels a side and in all; sides are multiples of 16. */
  readonly limits: {
    readonly minSide: number;
    readonly maxSide: number;
    readonly maxPixels: number;
    readonly maxPromptTokens: number;
  };
  readonly supportsGuidance: boolean;
  readonly supportsNegativePrompt: boolean;
}

/** Absolute paths of diffusers-layout component folders. `preview` holds an AutoencoderTiny; without one there are no previews. */
export interface ComponentFolders {
  readonly transformer: string;
  readonly textEncoder: string;
  readonly tokenizer: string;
  readonly vae: string;
  readonly scheduler: string;
  readonly preview: string | null;
}
