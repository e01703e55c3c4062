import type { ModelDescription } from '../domain/model-entry.js';
import type { Model } from './types.js';

/** A catalog entry as clients see it. */
export function toModel(entry: ModelDescription, loaded: boolean): Model {
  const { id, name, family, operations, editModes, defaults, limits, supportsGuidance, supportsNegativePrompt } = entry;
  const loras = entry.loras.map((lora) => ({ model: id, id: lora.id, name: lora.name, description: lora.description }));
  return {
    id,
    name,
    family,
    operations,
    editModes,
    defaultSteps: defaults.steps,
    defaultGuidance: defaults.guidance,
    defaultRefineSteps: defaults.refineSteps,
    defaultRefineStrength: defaults.refineStrength,
    defaultWidth: defaults.width,
    defaultHeight: defaults.height,
    minSide: limits.minSide,
    maxSide: limits.maxSide,
    maxPixels: limits.maxPixels,
    maxPromptTokens: limits.maxPromptTokens,
    maxReferences: limits.maxReferences,
    supportsGuidance,
    supportsNegativePrompt,
    loras,
    loaded,
  };
}
