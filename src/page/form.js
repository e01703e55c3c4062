import { given, number, seedOf } from './address.js';
import { byId, make } from './dom.js';
import { markStyles, startExamples } from './examples.js';
import { fillLoras, offerLoras, readLoras } from './loras.js';
import {
  capable,
  fillStrength,
  fillWay,
  offerStrength,
  offerWays,
  operation,
  readMode,
  setOperation,
  showMode,
  startMode,
  way,
} from './mode.js';
import { promptAs } from './prompt-memory.js';
import { nameOf, sizesOf } from './sizes.js';
import { language, t } from './words.js';

/**
 * @typedef {import('./api.js').FormInput} FormInput
 * @typedef {import('./api.js').Model} Model
 */

const form = byId('form');
/** @param {string} name */
const input = (name) => /** @type {HTMLInputElement} */ (byId(name));
const size = /** @type {HTMLSelectElement} */ (byId('size'));
const model = /** @type {HTMLSelectElement} */ (byId('model'));

/** All of them, and those that can do what is asked. @type {Model[]} */
let all = [];
/** @type {Model[]} */
let models = [];

/**
 * Makes the form live.
 * @param {{ onInput: () => void, onChange: () => void, onDraw: () => void }} handlers
 */
export function startForm({ onInput, onChange, onDraw }) {
  startExamples((text) => change('prompt', text));
  byId('roll').addEventListener('click', () => change('seed', String(crypto.getRandomValues(new Uint32Array(1))[0])));
  byId('clear-seed').addEventListener('click', () => {
    change('seed', '');
    input('seed').focus();
  });
  startMode({
    onOperation: (chosen) => changeOperation(chosen),
    onWay: () => {
      offerCapable();
      form.dispatchEvent(new Event('input'));
    },
  });
  model.addEventListener('change', showModel);
  form.addEventListener('input', () => {
    byId('clear-seed').hidden = input('seed').value === '';
    markStyles();
    onInput();
  });
  form.addEventListener('change', onChange);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    onDraw();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    onDraw();
  });
  if (/Mac|iPhone|iPad/.test(navigator.platform)) byId('shortcut').textContent = '⌘ ↵';
}

/** @param {import('./api.js').Operation} chosen */
export function changeOperation(chosen) {
  setOperation(chosen);
  offerCapable();
  const kind = chosen === 'EDIT' && way() === 'INSTRUCTION' ? 'instruction' : 'description';
  input('prompt').value = promptAs(kind, input('prompt').value);
  form.dispatchEvent(new Event('input'));
}

/** @param {Model[]} available the default model first */
export function offerModels(available) {
  all = available;
  for (const radio of document.querySelectorAll('input[name="operation"]')) {
    const offered = all.some(({ operations }) =>
      operations.some((name) => name === /** @type {HTMLInputElement} */ (radio).value),
    );
    /** @type {HTMLElement} */ (radio.parentElement).hidden = !offered;
  }
  offerCapable();
}

/** The choice of models, and of ways to edit, for the operation. */
export function offerCapable() {
  const before = model.value;
  offerWays(all);
  models = capable(all);
  model.replaceChildren(...models.map(({ id, name }) => make('option', { value: id }, name)));
  if (models.some(({ id }) => id === before)) model.value = before;
  field('model').hidden = models.length < 2;
  showMode();
  showModel();
}

/** Writes what depends on the chosen model. */
function showModel() {
  const chosen = chosenModel();
  if (chosen === undefined) return;
  const before = size.value;
  const options = sizesOf(chosen);
  size.replaceChildren(...options.map((option) => make('option', { value: nameOf(option) }, label(option))));
  if (options.some((option) => nameOf(option) === before)) size.value = before;
  input('steps').placeholder = String(operation() === 'REFINE' ? chosen.defaultRefineSteps : chosen.defaultSteps);
  input('guidance').placeholder = String(chosen.defaultGuidance);
  // To refine takes no guidance.
  field('guidance').hidden = !chosen.supportsGuidance || operation() === 'REFINE';
  field('negativePrompt').hidden = !chosen.supportsNegativePrompt || operation() === 'REFINE';
  field('loras').hidden = chosen.loras.length === 0;
  offerLoras(chosen.loras);
  offerStrength(chosen);
  fillStrength({ prompt: '' });
  byId('abilities').textContent = abilitiesOf(chosen);
}

/**
 * What a model can do, in a line.
 * @param {Model} model
 */
function abilitiesOf({ operations, editModes, defaultSteps, supportsGuidance }) {
  const can = [
    ...operations.filter((name) => name !== 'EDIT').map((name) => t(`can${name}`)),
    ...editModes.map((name) => t(/** @type {import('./words.js').Word} */ (`can${name}`))),
    t('usualSteps', { n: defaultSteps }),
    ...(supportsGuidance ? [t('canGuide')] : []),
  ];
  return can.join(language === 'zh' ? '、' : ', ');
}

/**
 * What the form asks for; what is left to the model is left out.
 * @returns {FormInput}
 */
export function readForm() {
  const [width, height] = size.value.split('x').map(Number);
  const chosen = chosenModel();
  const count = number(input('count').value);
  const drawing = operation() === 'GENERATE';
  const shown = (/** @type {string} */ name) => (field(name).hidden ? '' : input(name).value);
  return {
    ...readMode(),
    prompt: input('prompt').value,
    ...given('negativePrompt', shown('negativePrompt') || undefined),
    ...given('model', chosen === undefined || chosen === models[0] ? undefined : chosen.id),
    ...given('width', drawing ? width || undefined : undefined),
    ...given('height', drawing ? height : undefined),
    ...given('steps', number(input('steps').value)),
    ...given('guidance', number(shown('guidance'))),
    ...given('seed', seedOf(input('seed').value)),
    ...given('loras', readLoras()),
    ...given('count', drawing && count !== 1 ? count : undefined),
  };
}

/** @param {FormInput} request */
export function fillForm(request) {
  setOperation(request.operation ?? 'GENERATE');
  offerCapable();
  fillWay(request);
  offerCapable();
  fillLoras(request.loras);
  input('prompt').value = request.prompt;
  input('seed').value = String(request.seed ?? '');
  input('steps').value = String(request.steps ?? '');
  input('count').value = String(request.count ?? 1);
  input('guidance').value = String(request.guidance ?? '');
  input('negativePrompt').value = request.negativePrompt ?? '';
  if (models[0] !== undefined) model.value = request.model ?? models[0].id;
  showModel();
  fillStrength(request);
  const { width, height } = request;
  if (width !== undefined && height !== undefined) {
    const name = nameOf({ width, height });
    if (![...size.options].some(({ value }) => value === name))
      size.append(make('option', { value: name }, label({ width, height })));
    size.value = name;
  }
  const beyond = [request.model, request.steps, request.count, request.guidance, request.negativePrompt, request.loras];
  if (beyond.some((value) => value !== undefined)) /** @type {HTMLDetailsElement} */ (byId('more')).open = true;
  form.dispatchEvent(new Event('input'));
}

/**
 * @param {string} name
 * @param {string} value
 */
export function change(name, value) {
  input(name).value = value;
  form.dispatchEvent(new Event('input'));
  form.dispatchEvent(new Event('change'));
}

/** @param {string} name */
export const field = (name) => /** @type {HTMLElement} */ (form.querySelector(`[data-field="${name}"]`));

const chosenModel = () => models.find(({ id }) => id === model.value) ?? models[0];

/** @param {import('./sizes.js').Size} size */
const label = ({ width, height }) => `${width} × ${height}`;
