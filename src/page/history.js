import { here } from './api.js';
import { byId, make, storageKey } from './dom.js';
import { t } from './words.js';

/**
 * @typedef {import('./api.js').Generation} Generation
 * @typedef {import('./api.js').FormInput} FormInput
 * @typedef {{ input: FormInput, generation: Generation }} Entry
 */

const stored = storageKey('visit');
const kept = 24;

/** @type {Entry[]} newest first */
let entries = recall();
/** @type {(entry: Entry) => void} */
let pick = () => {};

/** @param {(entry: Entry) => void} onPick */
export function startHistory(onPick) {
  pick = onPick;
  showHistory();
}

/** @param {Entry} entry */
export function addToHistory(entry) {
  const address = (/** @type {Entry} */ { generation }) => generation.images.map(({ id }) => id).join();
  entries = [entry, ...entries.filter((other) => address(other) !== address(entry))].slice(0, kept);
  try {
    sessionStorage.setItem(stored, JSON.stringify(entries));
  } catch {
    // Without storage the strip lasts until the page is reloaded.
  }
  showHistory();
}

export function showHistory() {
  byId('history').hidden = entries.length === 0;
  byId('strip').replaceChildren(
    ...entries.map((entry) => {
      const { prompt, seed, images } = entry.generation;
      const label = t('restore', { prompt });
      const title = `${prompt} · ${t('seed')} ${seed}`;
      const button = make('button', { type: 'button', 'aria-label': label, title });
      button.append(
        make('img', {
          src: images[0] === undefined ? '' : here(images[0].small),
          alt: '',
          loading: 'lazy',
          width: 64,
          height: 64,
        }),
      );
      if (images.length > 1)
        button.append(make('span', { class: 'many', 'aria-hidden': 'true' }, String(images.length)));
      button.addEventListener('click', () => pick(entry));
      return make('li', {}, button);
    }),
  );
}

/** @returns {Entry[]} */
function recall() {
  try {
    return JSON.parse(sessionStorage.getItem(stored) ?? '[]');
  } catch {
    return [];
  }
}
