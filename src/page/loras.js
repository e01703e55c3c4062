import { byId, make } from './dom.js';
import { t } from './words.js';

/** Which of a model's additions to use, and how strongly. */

/**
 * @typedef {{ id: string, name: string, description: string }} Lora
 * @typedef {{ id: string, weight: number }} Chosen
 */

/** Chosen so far, also of models that are not shown now. @type {Map<string, number>} */
const weights = new Map();
/** @type {Lora[]} */
let offered = [];

/** @param {Lora[]} loras of the chosen model */
export function offerLoras(loras) {
  offered = loras;
  byId('loras').replaceChildren(...loras.map(row));
}

/** @returns {Chosen[] | undefined} */
export function readLoras() {
  const chosen = offered.flatMap(({ id }) => {
    const weight = weights.get(id);
    return weight === undefined ? [] : [{ id, weight }];
  });
  return chosen.length === 0 ? undefined : chosen;
}

/** @param {Chosen[]} [chosen] */
export function fillLoras(chosen = []) {
  weights.clear();
  for (const { id, weight } of chosen) weights.set(id, weight);
  offerLoras(offered);
}

/** @param {Lora} lora */
function row({ id, name, description }) {
  const box = make('input', { type: 'checkbox', checked: weights.has(id), 'aria-description': description });
  const weight = make('input', {
    type: 'range',
    min: '0',
    max: '2',
    step: '0.1',
    'aria-label': t('weightOf', { name }),
  });
  const value = make('output');
  weight.value = String(weights.get(id) ?? 1);
  const take = () => {
    if (box.checked) weights.set(id, Number(weight.value));
    else weights.delete(id);
    weight.hidden = !box.checked;
    value.textContent = box.checked ? weight.value : '';
  };
  box.addEventListener('input', take);
  weight.addEventListener('input', take);
  take();
  return make(
    'div',
    { class: 'lora' },
    make('label', { title: description }, box, make('span', {}, name)),
    weight,
    value,
    make('p', { class: 'hint' }, description),
  );
}
