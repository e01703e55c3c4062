import type { ModelEntry } from '../domain/model-entry.js';
import type { Engine } from '../engine/engine.js';
import { EngineProblem } from '../engine/problems.js';
import { EngineNotStarted } from '../engine/process/supervisor.js';
import { CatalogError } from './catalog.js';
import type { Library } from './library.js';

/**
 * Loads the first model that can be used, and notes which cannot.
 *
 * @param insists the first must be it: what is wrong with it is for who asks for an image to hear
 * @returns the default model
 * @throws what is wrong with the only model, CatalogError where there are several and none can be used, EngineLost
 */
export async function loadDefault(
  engine: Engine,
  models: readonly ModelEntry[],
  library: Library,
  { insists }: { readonly insists: boolean },
): Promise<ModelEntry> {
  const errors: Error[] = [];
  // What an engine is asked for next tells it by itself, and sooner.
  if (insists) for (const { id } of models) library.trust(id);
  for (const model of models) {
    if (library.knownFinding(model.id) !== null) continue;
    library.trust(model.id);
    try {
      await engine.load(model.id);
      return model;
    } catch (error) {
      // Of an engine that was lost, or never started, nothing is known of the model.
      const lost = error instanceof EngineProblem || error instanceof EngineNotStarted;
      if (insists || lost) throw error;
      library.condemn(model.id, error);
      errors.push(error as Error);
    }
  }
  if (errors.length === 1) throw errors[0];
  throw new CatalogError(`None of the models can be used. ${errors.map(({ message }) => message).join(' ')}`);
}
