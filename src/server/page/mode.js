import { mask, offerBrush } from './brush.js';
import { byId, make } from './dom.js';
import { original } from './original.js';
import { say } from './words.js';

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
/** Where an edit begins when nobody says how strong it is meant. */
const usual = { STRENGTH: '0.6', INPAINT: '1', FIND: '0.35' };

/** @returns {Operation} */
export const operation = () =>
  /** @type {Operation} */ (
    /** @type {HTMLInputElement} */ (document.querySelector('input[name="operation"]:checked')).value
  );

/** @param {Operation} chosen */
export function setOperation(chosen) {
  /** @type {HTMLInputElement} */ (document.querySelector(`input[name="operation"][value="${chosen}"]`)).checked = true;
}

/** @param {() => void} onChange */
export function startMode(onChange) {
  byId('modes').addEventListener('change', onChange);
  how.addEventListener('change', () => {
    strength.value = usual[/** @type {keyof typeof usual} */ (how.value)] ?? '1';
    showMode();
  });
  strength.addEventListener('input', showStrength);
}

/**
 * Those of the models that can do what is asked, the default one first.
 * @param {Model[]} models
 */
export const capable = (models) => models.filter(({ operations }) => operations.includes(operation()));

/** @param {Model[]} models to choose from: their ways to edit are offered */
export function offerWays(models) {
  const ways = [...new Set(models.flatMap(({ editModes }) => editModes))];
  const offered =
    operation() === 'REFINE'
      ? ['FIND', 'INPAINT']
      : ['INSTRUCTION', 'STRENGTH', 'INPAINT'].filter((way) => ways.includes(way));
  const before = how.value;
  how.replaceChildren(...offered.map((value) => make('option', { value }, say(/** @type {Word} */ (value)))));
  if (offered.includes(before)) how.value = before;
  else
    strength.value =
      operation() === 'REFINE' ? usual.FIND : (usual[/** @type {keyof typeof usual} */ (how.value)] ?? '1');
  showMode();
}

/** Shows what belongs to the mode, and hides the rest. */
export function showMode() {
  const changes = operation() !== 'GENERATE';
  byId('title').textContent = say(changes ? /** @type {Word} */ (`title${operation()}`) : 'title');
  byId('draw').firstElementChild?.replaceChildren(say(operation() === 'GENERATE' ? 'draw' : operation()));
  field('image').hidden = !changes;
  field('how').hidden = !changes;
  byId('examples').hidden = changes;
  field('size').hidden = changes;
  field('count').hidden = changes;
  field('strength').hidden = how.value === 'INSTRUCTION';
  offerBrush(changes && how.value === 'INPAINT' && original() !== null);
  showStrength();
}

/** What the mode adds to the request, beside what every request has. */
export function readMode() {
  const chosen = operation();
  const picture = original();
  if (chosen === 'GENERATE') return {};
  const painted = how.value === 'INPAINT' ? mask() : null;
  return {
    operation: chosen,
    ...(picture === null ? {} : { image: picture.image }),
    ...(painted === null ? {} : { mask: painted }),
    ...(how.value === 'INSTRUCTION' ? {} : { strength: Number(strength.value) }),
  };
}

/** What is missing before it can be sent, as a sentence; null where nothing is. */
export function missing() {
  if (operation() === 'GENERATE') return null;
  if (original() === null) return say('noImage');
  return how.value === 'INPAINT' && mask() === null ? say('noMask') : null;
}

/** @param {{ strength?: number }} wish */
export function fillMode(wish) {
  if (wish.strength !== undefined) strength.value = String(wish.strength);
  if (operation() === 'EDIT') how.value = wish.strength === undefined ? 'INSTRUCTION' : 'STRENGTH';
  showMode();
}

function showStrength() {
  byId('strength-value').textContent = strength.value;
}
