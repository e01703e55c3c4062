import { byId, make } from './dom.js';
import { t } from './words.js';

/** The image before, laid over the one after from the left, as far as the handle was drawn. */

const sheet = byId('sheet');
const slider = /** @type {HTMLInputElement} */ (byId('split'));
const handle = byId('compare');

/** @typedef {{ address: string, regions: { x: number, y: number, width: number, height: number }[], width: number, height: number }} Before */

export function startCompare() {
  slider.addEventListener('input', place);
  // Over the whole image, not only on the handle: a finger is wide.
  const follow = (/** @type {PointerEvent} */ { clientX }) => {
    const { left, width } = handle.getBoundingClientRect();
    slider.value = String((100 * (clientX - left)) / width);
    place();
  };
  handle.addEventListener('pointerdown', (event) => {
    handle.setPointerCapture(event.pointerId);
    follow(event);
  });
  handle.addEventListener('pointermove', (event) => {
    if (handle.hasPointerCapture(event.pointerId)) follow(event);
  });
}

/** @param {Before | null} before null where nothing was changed */
export function compareWith(before) {
  for (const part of byId('tiles').querySelectorAll('.before, .region')) part.remove();
  handle.hidden = before === null;
  const tile = byId('tiles').firstElementChild;
  if (before === null || tile === null) return;
  for (const { x, y, width, height } of before.regions) {
    const region = make('span', { class: 'region' });
    region.style.left = `${(100 * x) / before.width}%`;
    region.style.top = `${(100 * y) / before.height}%`;
    region.style.width = `${(100 * width) / before.width}%`;
    region.style.height = `${(100 * height) / before.height}%`;
    tile.append(region);
  }
  const image = make('img', { src: before.address, alt: '' });
  tile.append(make('div', { class: 'before' }, image, make('span', { class: 'tag', 'data-t': 'before' }, t('before'))));
  // What came of it is what one wants to see first.
  slider.value = '0';
  place();
}

function place() {
  sheet.style.setProperty('--split', `${slider.value}%`);
}
