import { given, number, seedOf } from './address.js';
import { byId, make } from './dom.js';
import { capable, fillMode, offerWays, operation, readMode, setOperation, startMode } from './mode.js';
import { nameOf, sizesOf } from './sizes.js';

/**
 * @typedef {import('./api.js').Wish} Wish
 * @typedef {import('./api.js').Model} Model
 */

const examples = [
  '一只狗在左边，草地背景',
  'a sailboat, ocean background',
  'a rocket above a castle, night sky background',
  '一个灯笼在一个房子的上方，夜空背景',
  '一只大老虎，红色背景',
  'a big panda, snow background',
  '一只猫在一个大树的左边，日落背景',
  'a cake in the center, pink background',
];

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
  for (const text of examples) {
    const lang = /[\u4e00-\u9fff]/.test(text) ? 'zh' : 'en';
    const chip = make('button', { type: 'button', class: 'chip', lang }, text);
    chip.addEventListener('click', () => change('prompt', text));
    byId('examples').append(chip);
  }
  byId('roll').addEventListener('click', () => change('seed', String(crypto.getRandomValues(new Uint32Array(1))[0])));
  byId('clear-seed').addEventListener('click', () => {
    change('seed', '');
    input('seed').focus();
  });
  startMode(() => {
    offerCapable();
    form.dispatchEvent(new Event('input'));
  });
  model.addEventListener('change', showModel);
  form.addEventListener('input', () => {
    byId('clear-seed').hidden = input('seed').value === '';
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
  models = capable(all);
  model.replaceChildren(...models.map(({ id, name }) => make('option', { value: id }, name)));
  if (models.some(({ id }) => id === before)) model.value = before;
  field('model').hidden = models.length < 2;
  offerWays(models);
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
  input('steps').placeholder = String(chosen.defaultSteps);
  input('guidance').placeholder = String(chosen.defaultGuidance);
  field('guidance').hidden = !chosen.supportsGuidance;
  field('negativePrompt').hidden = !chosen.supportsNegativePrompt;
}

/**
 * What the form asks for; what is left to the model is left out.
 * @returns {Wish}
 */
export function readForm() {
  const [width, height] = size.value.split('x').map(Number);
  const chosen = chosenModel();
  const count = number(input('count').value);
  const drawing = operation() === 'GENERATE';
  // To refine takes no guidance.
  const shown = (/** @type {string} */ name) =>
    field(name).hidden || operation() === 'REFINE' ? '' : input(name).value;
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
    ...given('count', drawing && count !== 1 ? count : undefined),
  };
}

/** @param {Wish} request */
export function fillForm(request) {
  setOperation(request.operation ?? 'GENERATE');
  offerCapable();
  fillMode(request);
  input('prompt').value = request.prompt;
  input('seed').value = String(request.seed ?? '');
  input('steps').value = String(request.steps ?? '');
  input('count').value = String(request.count ?? 1);
  input('guidance').value = String(request.guidance ?? '');
  input('negativePrompt').value = request.negativePrompt ?? '';
  if (models[0] !== undefined) model.value = request.model ?? models[0].id;
  showModel();
  const { width, height } = request;
  if (width !== undefined && height !== undefined) {
    const name = nameOf({ width, height });
    if (![...size.options].some(({ value }) => value === name))
      size.append(make('option', { value: name }, label({ width, height })));
    size.value = name;
  }
  const beyond = [request.model, request.steps, request.count, request.guidance, request.negativePrompt];
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
