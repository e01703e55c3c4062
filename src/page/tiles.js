import { here } from './api.js';
import { compareWith } from './compare.js';
import { byId, make } from './dom.js';
import { thumbhashPixels } from './thumbhash.js';
import { t } from './words.js';

/**
 * @typedef {import('./api.js').Image} Image
 * @typedef {import('./api.js').Generation} Generation
 */

const sheet = byId('sheet');
const tiles = byId('tiles');

/**
 * Lays out the sheet, one tile for each of these places of a generation.
 * @param {number[]} places
 * @param {{ width: number, height: number }} size of each image
 */
export function layOut(places, { width, height }) {
  const count = places.length;
  const columns = count === 4 ? 2 : Math.min(count, count > 6 ? 4 : 3);
  const rows = Math.ceil(count / columns);
  sheet.style.setProperty('--ratio', String((columns * width) / (rows * height)));
  sheet.style.setProperty('--columns', String(columns));
  byId('empty').hidden = true;
  compareWith(null);
  sheet.scrollIntoView({ block: 'nearest' });
  tiles.replaceChildren(
    ...places.map((index) => {
      const tile = count === 1 ? make('div', { class: 'tile' }) : make('button', { type: 'button', class: 'tile' });
      tile.style.setProperty('--tile-ratio', String(width / height));
      tile.dataset.index = String(index);
      return tile;
    }),
  );
}

/** Leaves the sheet as it was before anything was drawn. */
export function clearSheet() {
  compareWith(null);
  tiles.replaceChildren();
  byId('empty').hidden = false;
  sheet.style.removeProperty('--ratio');
}

/** @param {boolean} working */
export function setWorking(working) {
  sheet.setAttribute('aria-busy', String(working));
}

/**
 * An image that is emerging: the further it is, the sharper it is shown.
 * @param {number} index
 * @param {string} address
 * @param {number} fraction
 */
export function showPreview(index, address, fraction) {
  const tile = tileAt(index);
  if (tile === null) return;
  const preview = tile.querySelector('img.preview') ?? tile.appendChild(make('img', { class: 'preview', alt: '' }));
  preview.setAttribute('src', address);
  /** @type {HTMLElement} */ (preview).style.setProperty('--softness', String(1 - fraction));
}

/**
 * The finished image, over its thumbhash or its last preview until it has arrived.
 * @param {Image} image
 * @param {string} alt
 */
export function showImage(image, alt) {
  const tile = tileAt(image.index);
  if (tile === null || tile.querySelector('img.final') !== null) return;
  if (tile.querySelector('img.preview') === null) tile.append(blurred(image.thumbhash));
  const final = make('img', { class: 'final', alt, src: here(image.url), width: image.width, height: image.height });
  final.decode().then(
    () => tile.classList.add('arrived'),
    () => tile.classList.add('arrived'), // what cannot be decoded shows its alternative text
  );
  tile.append(final);
}

/**
 * @param {Generation} generation
 * @param {(index: number) => void} onSelect
 */
export function showGeneration({ images, prompt }, onSelect) {
  const alone = images.length === 1;
  for (const image of images) {
    const { index } = image;
    showImage(image, alone ? prompt : t('imageOf', { n: index + 1, prompt }));
    if (!alone) tileAt(index)?.addEventListener('click', () => onSelect(index));
  }
}

/** @param {number} index */
export function markSelected(index) {
  for (const tile of tiles.querySelectorAll('button')) {
    tile.setAttribute('aria-pressed', String(tile.dataset.index === String(index)));
  }
}

/** @param {number} index */
function tileAt(index) {
  return /** @type {HTMLElement | null} */ (tiles.querySelector(`[data-index="${index}"]`));
}

/** @param {string} thumbhash */
function blurred(thumbhash) {
  const pixels = thumbhashPixels(thumbhash);
  const canvas = make('canvas', { class: 'preview', width: pixels.width, height: pixels.height });
  canvas.getContext('2d')?.putImageData(pixels, 0, 0);
  return canvas;
}
