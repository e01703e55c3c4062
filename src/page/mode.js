import { mask, offerBrush } from './brush.js';
import { byId, make } from './dom.js';
import { showExamples } from './examples.js';
import { original, refusedFile } from './original.js';
import { t } from './words.js';

/**
 * What the form is for: drawing, editing or refining; and how an edit is meant.
 * @typedef {import('./api.js').Model} Model
 * @typedef {import('./api.js').Operation} Operation
 * @typedef {import('./words.js').Word} Word
 */

const how = /** @type {HTMLSelectElement} */ (byId('how'));
const strength = /** @type {HTMLInputElement} */ (byId('strength'));
const field = (/** @type {string} */ name) =>
  /** @type {HTMLElement} */ (document.querySelector(`[data-field="${name}"]`));
/** How strong an edit is meant when nobody says so; what a refinement does, its model says. */
const usual = { STRENGTH: 0.6, INPAINT: 1 };
/** For which way the strength stands. */
let standsFor = '';

/** @returns {Operation} */
export const operation = () =>
  /** @type {Operation} */ (
    /** @type {HTMLInputElement} */ (document.querySelector('input[name="operation"]:checked')).value
  );

/** @param {Operation} chosen */
export function setOperation(chosen) {
  /** @type {HTMLInputElement} */ (document.querySelector(`input[name="operation"][value="${chosen}"]`)).checked = true;
}

/** @param {{ onOperation: (chosen: Operation) => void, onWay: () => void }} handlers */
export function startMode({ onOperation, onWay }) {
  byId('modes').addEventListener('change', () => onOperation(operation()));
  how.addEventListener('change', onWay);
  strength.addEventListener('input', showStrength);
}

/** How an image is changed: by an instruction, from a strength, under a mask, or where it needs it. */
export const way = () => how.value;

/**
 * Those of the models that can do what is asked, the default one first.
 * @param {Model[]} models
 */
export const capable = (models) =>
  models.filter(
    ({ operations, editModes }) =>
      operations.includes(operation()) && (operation() !== 'EDIT' || editModes.includes(how.value)),
  );

/**
 * The ways of which any model can do one; the same as before where they go on with the same operation.
 * @param {Model[]} models
 */
export function offerWays(models) {
  const editModes = models.flatMap(({ editModes }) => editModes);
  const offered =
    operation() === 'REFINE'
      ? ['FIND', 'INPAINT']
      : ['INSTRUCTION', 'STRENGTH', 'INPAINT'].filter((mode) => editModes.includes(mode));
  const before = how.dataset.operation === operation() ? how.value : '';
  how.dataset.operation = operation();
  how.replaceChildren(...offered.map((value) => make('option', { value }, t(/** @type {Word} */ (value)))));
  if (offered.includes(before)) how.value = before;
}

/**
 * The strength from which one begins, where another one was meant for something else.
 * @param {Model | undefined} model
 */
export function offerStrength(model) {
  const now = operation() === 'REFINE' ? `REFINE ${model?.id}` : how.value;
  if (now === standsFor) return;
  standsFor = now;
  const refining = model?.defaultRefineStrength ?? 0.35;
  strength.value = String(
    operation() === 'REFINE' ? refining : (usual[/** @type {keyof typeof usual} */ (how.value)] ?? 1),
  );
}

/** Shows what belongs to the mode, and hides the rest. */
export function showMode() {
  const changes = operation() !== 'GENERATE';
  byId('title').textContent = t(changes ? /** @type {Word} */ (`title${operation()}`) : 'title');
  byId('draw').firstElementChild?.replaceChildren(t(operation() === 'GENERATE' ? 'draw' : operation()));
  field('image').hidden = !changes;
  field('how').hidden = !changes;
  showExamples();
  byId('prompt').setAttribute('placeholder', t(/** @type {Word} */ (hintOf())));
  field('size').hidden = changes;
  field('count').hidden = changes;
  field('strength').hidden = how.value === 'INSTRUCTION';
  offerBrush(changes && how.value === 'INPAINT' && original() !== null);
  showStrength();
}

/** What kind of words the prompt is for. */
function hintOf() {
  if (operation() === 'REFINE') return 'hintREFINE';
  return operation() === 'EDIT' && how.value === 'INSTRUCTION' ? 'hintINSTRUCTION' : 'hint';
}

/** What the mode adds to the request, beside what every request has. */
export function readMode() {
  const chosen = operation();
  const image = original();
  if (chosen === 'GENERATE') return {};
  const painted = how.value === 'INPAINT' ? mask() : null;
  return {
    operation: chosen,
    ...(image === null ? {} : { image: image.image }),
    ...(painted === null ? {} : { mask: painted }),
    ...(how.value === 'INSTRUCTION' ? {} : { strength: Number(strength.value) }),
  };
}

/** What is missing before it can be sent; null where nothing is. @returns {(() => string) | null} */
export function missing() {
  if (operation() === 'GENERATE') return null;
  if (refusedFile() !== null) return refusedFile();
  if (original() === null) return () => t('noImage');
  return how.value === 'INPAINT' && mask() === null ? () => t('noMask') : null;
}

/** @param {import('./api.js').FormInput} input */
export function fillWay(input) {
  if (input.mask !== undefined) how.value = 'INPAINT';
  else if (operation() === 'REFINE') how.value = 'FIND';
  else how.value = input.strength === undefined ? 'INSTRUCTION' : 'STRENGTH';
}

/** @param {import('./api.js').FormInput} input */
export function fillStrength(input) {
  if (input.strength !== undefined) strength.value = String(input.strength);
  showStrength();
}

function showStrength() {
  byId('strength-value').textContent = strength.value;
}
