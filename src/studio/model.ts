import type { ModelEntry } from '../engine/catalog.js';
import type { Model } from './types.js';

/** A catalog entry as clients see it. */
export function toModel(entry: ModelEntry, loaded: boolean): Model {
  const { id, name, family, operations, editModes, defaults, limits, supportsGuidance, supportsNegativePrompt } = entry;
  return {
    id,
    name,
    family,
    operations,
    editModes,
    defaultSteps: defaults.steps,
    defaultGuidance: defaults.guidance,
    defaultWidth: defaults.width,
    defaultHeight: defaults.height,
    maxPixels: limits.maxPixels,
    maxPromptTokens: limits.maxPromptTokens,
    supportsGuidance,
    supportsNegativePrompt,
    loaded,
  };
}
