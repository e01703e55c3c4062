import { CheckpointError, type Fault } from '../../checkpoint/index.js';
import type { ModelDescription } from '../../domain/model-entry.js';
import { QueueFull, UnknownModel } from '../../domain/problems.js';
import { refused, refusedAs, unsupported } from '../../domain/validation.js';
import type { EditMode, Operation } from '../../engine/engine.js';
import { unusable, unusableDetails } from '../unusable.js';
import type { RequestContext } from './reader.js';

/** By id, else by name; left out, the first of the catalog that can be used. @throws UnknownModel, QueueFull */
export async function chosenModel(asked: string | null | undefined, context: Models): Promise<ModelDescription> {
  const { catalog } = context;
  requirePublished(catalog);
  const model =
    asked == null
      ? await firstUsable(catalog, context)
      : (catalog.find(({ id }) => id === asked) ?? catalog.find(({ name }) => name === asked));
  if (model == null) throw unknownModel(asked, context);
  const finding = await context.usable.modelFinding(model.id);
  if (finding !== null) throw unusableModel(model.id, finding.fault, context);
  return model;
}

/**
 * The model that is asked for, which must be able to do it; left out, the first that is.
 *
 * @param mode of an EDIT
 * @throws UnknownModel, InvalidInput, QueueFull
 */
export async function capableModel(
  asked: string | null | undefined,
  context: Models,
  operation: Operation,
  mode: EditMode | null = null,
): Promise<ModelDescription> {
  requirePublished(context.catalog);
  const can = (model: ModelDescription) =>
    model.operations.includes(operation) && (mode === null || model.editModes.includes(mode));
  const expected = `one that can ${operation}${mode === null ? '' : ` by ${mode}`}`;
  if (asked == null) {
    const model = await firstUsable(context.catalog.filter(can), context);
    if (model !== null) return model;
    throw refusedAs('model', expected, 'none, and no model here can', { code: 'NOT_SUPPORTED' });
  }
  const model = await chosenModel(asked, context);
  if (can(model)) return model;
  throw refusedAs('model', expected, `${model.id}, which can ${abilities(model)}`, unsupported(model.id));
}

/** A fleet that has just been started has no model until its first worker publishes one. */
function requirePublished(catalog: readonly ModelDescription[]): void {
  if (catalog.length === 0)
    throw new QueueFull('No worker has published a model yet. Try again in 5 s.', 5000, 'QUEUE_UNAVAILABLE');
}

type Models = Pick<RequestContext, 'catalog' | 'usable'>;

async function firstUsable(models: readonly ModelDescription[], { usable }: Models): Promise<ModelDescription | null> {
  for (const model of models) if ((await usable.modelFinding(model.id)) === null) return model;
  return null;
}

function unknownModel(asked: string | null | undefined, models: Models): UnknownModel {
  const available = idsOf(models);
  const { message, parameters } = refused('model', `one of ${available.join(', ')}`, asked);
  return new UnknownModel(message, available, String(parameters.received));
}

/** The refusal of a model that is listed. */
function unusableModel(id: string, fault: Fault, models: Models): UnknownModel {
  const available = idsOf(models).filter((other) => other !== id);
  const { message } = refusedAs('model', `one of ${available.join(', ')}`, unusable(id, fault));
  return new UnknownModel(message, available, id, unusableDetails('UNUSABLE_MODEL', fault));
}

/** What is read of a model's files. @throws UnknownModel where they cannot be used any more */
export async function ofFiles<T>(model: ModelDescription, models: Models, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof CheckpointError) throw unusableModel(model.id, error.fault, models);
    throw error;
  }
}

/** Of those that can be asked for, as far as is known. */
function idsOf({ catalog, usable }: Models): readonly string[] {
  return catalog.map(({ id }) => id).filter((id) => usable.knownFinding(id) === null);
}

/** `GENERATE, EDIT by INPAINT or STRENGTH, REFINE` */
function abilities({ operations, editModes }: ModelDescription): string {
  return operations
    .map((operation) => (operation === 'EDIT' ? `EDIT by ${editModes.join(' or ')}` : operation))
    .join(', ');
}
