import { here } from './api.js';
import { byId, make } from './dom.js';
import { duration, tookOf } from './status.js';
import { t } from './words.js';

/** @typedef {import('./api.js').Generation} Generation */

/** @param {string} id */
const link = (id) => /** @type {HTMLAnchorElement} */ (byId(id));

export function hideCaption() {
  byId('caption').hidden = true;
}

/**
 * How an image came about: from where, in what time, with which seed; and ways to keep it.
 * @param {Generation} generation
 * @param {number} selected the place of one of its images
 */
export function showCaption(generation, selected) {
  const image = generation.images.find(({ index }) => index === selected);
  if (image === undefined) return hideCaption();
  byId('origin').textContent = t(generation.cache);
  byId('origin').dataset.cache = generation.cache;
  const took = tookOf(generation);
  byId('took').textContent = took === null ? '' : t('took', { time: duration(took) });
  byId('drawn-seed').textContent = String(image.seed);
  byId('regions').hidden = generation.operation !== 'REFINE';
  const { length } = generation.regions;
  byId('regions').textContent = length === 0 ? t('noRegions') : t('regionsFound', { n: length });
  byId('truncated').hidden = !generation.promptTruncated;
  for (const format of /** @type {const} */ (['png', 'webp'])) {
    link(format).href = here(image[format]);
    link(format).download = `inkstone-${image.seed}.${format}`;
  }
  byId('stages').replaceChildren(...stages(generation));
  byId('caption').hidden = false;
}

/**
 * The stages as one bar, each as long as it took, and their names and times below it.
 * @param {Generation} generation
 */
function stages({ timings }) {
  const byStage = new Map();
  for (const { stage, durationMs } of timings) byStage.set(stage, (byStage.get(stage) ?? 0) + durationMs);
  if (byStage.size === 0) return [];
  const bar = make('div', { class: 'bar', 'aria-hidden': 'true' });
  const list = make('dl', {});
  for (const [stage, ms] of byStage) {
    const part = make('span', { 'data-stage': stage });
    part.style.setProperty('flex-grow', String(Math.max(ms, 0.1)));
    bar.append(part);
    const name = t(/** @type {import('./words.js').Word} */ (`stage${stage}`));
    list.append(make('div', { 'data-stage': stage }, make('dt', {}, name), make('dd', {}, duration(ms))));
  }
  return [bar, list];
}
