import { byId, make } from './dom.js';
import { say } from './words.js';

/** The picture before, over the one after, as far as the slider says. */

const slider = /** @type {HTMLInputElement} */ (byId('split'));

export function startCompare() {
  slider.addEventListener('input', place);
}

/** @param {{ address: string, regions: { x: number, y: number, width: number, height: number }[], width: number, height: number } | null} before */
export function compareWith(before) {
  byId('tiles').querySelector('.before')?.remove();
  for (const region of byId('tiles').querySelectorAll('.region')) region.remove();
  byId('compare').hidden = before === null;
  const tile = byId('tiles').firstElementChild;
  if (before === null || tile === null) return;
  tile.append(make('img', { class: 'before', src: before.address, alt: say('before') }));
  for (const { x, y, width, height } of before.regions) {
    const region = make('span', { class: 'region' });
    region.style.left = `${(100 * x) / before.width}%`;
    region.style.top = `${(100 * y) / before.height}%`;
    region.style.width = `${(100 * width) / before.width}%`;
    region.style.height = `${(100 * height) / before.height}%`;
    tile.append(region);
  }
  place();
}

function place() {
  const before = /** @type {HTMLElement | null} */ (byId('tiles').querySelector('.before'));
  before?.style.setProperty('clip-path', `inset(0 ${100 - Number(slider.value)}% 0 0)`);
}
