import type { ModelEntry } from '../domain/model-entry.js';
import type { Engine } from '../engine/engine.js';
import { EngineProblem } from '../engine/problems.js';
import { EngineNotStarted } from '../engine/process/supervisor.js';
import { CatalogError } from './catalog.js';
import type { Library } from './library.js';

/**
 * Loads the first model that can be used, and notes which cannot.
 *
 * @param insists only the first counts: what is wrong with it is an error of the request that needs it
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
  // The engine's next request finds it out by itself, and sooner.
  if (insists) for (const { id } of models) library.trust(id);
  for (const model of models) {
    if (library.knownFinding(model.id) !== null) continue;
    library.trust(model.id);
    try {
      await engine.load(model.id);
      return model;
    } catch (error) {
      // An engine that was lost, or never started, says nothing about the model.
      const lost = error instanceof EngineProblem || error instanceof EngineNotStarted;
      if (insists || lost) throw error;
      library.condemn(model.id, error);
      errors.push(error as Error);
    }
  }
  if (errors.length === 1) throw errors[0];
  throw new CatalogError(`None of the models can be used. ${errors.map(({ message }) => message).join(' ')}`);
}
