import type { ComponentLocations, ModelEntry } from '../domain/model-entry.js';

/** What a plain checkpoint says of how it was trained. */
export interface Training {
  /** To follow instructions about images. */
  readonly instructed: boolean;
  /** In few steps, with guidance baked in. */
  readonly distilled: boolean;
}

/** The catalog entry of a checkpoint that no catalog lists, with the family's defaults. */
export function entryOf(id: string, components: ComponentLocations, { instructed, distilled }: Training): ModelEntry {
  return {
    id,
    name: id,
    family: 'z-image',
    components,
    operations: ['GENERATE', 'EDIT', 'REFINE'],
    editModes: ['INPAINT', 'STRENGTH', ...(instructed ? (['INSTRUCTION'] as const) : [])],
    defaults: {
      width: 1024,
      height: 1024,
      steps: distilled ? 8 : 28,
      guidance: distilled ? 0 : 4,
      refineSteps: 4,
      refineStrength: 0.35,
    },
    limits: {
      minSide: 64,
      maxSide: 2048,
      maxPixels: 2048 * 2048,
      maxPromptTokens: 512,
      maxReferences: instructed ? 4 : 0,
    },
    supportsGuidance: !distilled,
    supportsNegativePrompt: !distilled,
    loras: [],
  };
}
