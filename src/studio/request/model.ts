import type { ModelEntry } from '../../engine/catalog.js';
import type { EditMode, Operation } from '../../engine/job.js';
import { refused, refusedAs, unsupported } from '../expected.js';
import { UnknownModel } from '../problems.js';

/** By id, else by name; left out, the first of the catalog. @throws UnknownModel */
export function chosenModel(asked: string | null | undefined, catalog: readonly ModelEntry[]): ModelEntry {
  const model =
    asked == null ? catalog[0] : (catalog.find(({ id }) => id === asked) ?? catalog.find(({ name }) => name === asked));
  if (model !== undefined) return model;
  const available = catalog.map(({ id }) => id);
  const { message, parameters } = refused('model', `one of ${available.join(', ')}`, asked);
  throw new UnknownModel(message, available, String(parameters.received));
}

/**
 * The model that is asked for, which must be able to do it; left out, the first that is.
 *
 * @param mode of an EDIT
 * @throws UnknownModel, InvalidInput
 */
export function capableModel(
  asked: string | null | undefined,
  catalog: readonly ModelEntry[],
  operation: Operation,
  mode: EditMode | null = null,
): ModelEntry {
  const can = (model: ModelEntry) =>
    model.operations.includes(operation) && (mode === null || model.editModes.includes(mode));
  const model = asked == null ? catalog.find(can) : chosenModel(asked, catalog);
  if (model !== undefined && can(model)) return model;
  const expected = `one that can ${operation}${mode === null ? '' : ` by ${mode}`}`;
  throw model === undefined
    ? refusedAs('model', expected, 'none, and no model here can', { code: 'NOT_SUPPORTED' })
    : refusedAs('model', expected, `${model.id}, which can ${abilities(model)}`, unsupported(model.id));
}

/** `GENERATE, EDIT by INPAINT or STRENGTH, REFINE` */
function abilities({ operations, editModes }: ModelEntry): string {
  return operations
    .map((operation) => (operation === 'EDIT' ? `EDIT by ${editModes.join(' or ')}` : operation))
    .join(', ');
}
