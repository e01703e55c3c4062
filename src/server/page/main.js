import { fetchFromTheDoor, fromHash } from './address.js';
import { ask, fetchModels } from './api.js';
import { fillMask, startBrush } from './brush.js';
import { confirmCopy, showKey, startCode } from './code.js';
import { startCompare } from './compare.js';
import { byId, copyText } from './dom.js';
import { interrupted } from './drawing.js';
import { change, fillForm, offerCapable, offerModels, readForm, startForm } from './form.js';
import { showHistory, startHistory } from './history.js';
import { setOperation, showMode } from './mode.js';
import { limitOriginal, original, startOriginal, takeImage, takeSource } from './original.js';
import { clearProblems } from './problems.js';
import { longestSide } from './sizes.js';
import {
  cancelDrawing,
  draw,
  isDrawing,
  present,
  refresh,
  report,
  resume,
  showAgain,
  shownImage,
  writeAddress,
} from './studio.js';
import { language, toggleLanguage, translate } from './words.js';

translate();
showOtherLanguage();
startCode();
startForm({ onInput: refresh, onChange: writeAddress, onDraw: () => draw(readForm()) });
startOriginal(
  () => {
    clearProblems();
    showMode();
    refresh();
    writeAddress();
  },
  () => {
    setOperation('EDIT');
    offerCapable();
  },
);
startBrush(refresh);
startCompare();
startHistory(({ input, generation }) => {
  if (isDrawing()) return;
  clearProblems();
  fillForm({ ...input, seed: generation.seed });
  void fillPictures(input).then(() => present(input, generation));
});
byId('cancel').addEventListener('click', cancelDrawing);
byId('keep-seed').addEventListener('click', () => change('seed', byId('drawn-seed').textContent ?? ''));
for (const [button, operation] of /** @type {const} */ ([
  ['edit-this', 'EDIT'],
  ['refine-this', 'REFINE'],
])) {
  byId(button).addEventListener('click', async () => {
    const id = shownImage();
    if (id === undefined || isDrawing()) return;
    await takeImage(id).catch(report);
    setOperation(operation);
    offerCapable();
    // What is to change is another sentence than what there is.
    if (operation === 'EDIT') change('prompt', '');
    refresh();
    writeAddress();
    byId('title').scrollIntoView({ block: 'nearest' });
    byId('prompt').focus({ preventScroll: true });
  });
}
byId('share').addEventListener('click', async () => {
  await copyText(location.href);
  confirmCopy(byId('share'), 'share');
});
byId('language').addEventListener('click', () => {
  toggleLanguage();
  showOtherLanguage();
  offerCapable();
  showHistory();
  showAgain();
});
addEventListener('hashchange', restore);
await open();

/** The first moment: what the server offers, what a reload interrupted, what the address asks for. */
async function open() {
  try {
    const [models] = await Promise.all([fetchModels(), showKey()]);
    offerModels(models);
    limitOriginal(longestSide(models));
  } catch (error) {
    return report(error);
  }
  const asked = fetchFromTheDoor();
  if (asked !== null && location.hash === '') history.replaceState(null, '', asked);
  const running = interrupted();
  if (running === null) return restore();
  fillForm(running.input);
  await fillPictures(running.input);
  await resume(running);
}

/** Takes the request from the address, and the picture with it if the server remembers it. */
async function restore() {
  const input = fromHash(location.hash);
  if (isDrawing()) return;
  if (input === null) {
    refresh();
    return writeAddress();
  }
  fillForm(input);
  await fillPictures(input);
  if (
    input.seed === undefined ||
    input.mask !== undefined ||
    ((input.operation ?? 'GENERATE') !== 'GENERATE' && original() === null)
  )
    return;
  const answer = await ask({ ...input, cache: 'ONLY' }).catch(() => null);
  if (answer?.__typename !== 'Generation' || isDrawing()) return;
  present(readForm(), /** @type {import('./api.js').Generation} */ (answer));
}

/**
 * The picture that a request changes and what was painted over it, where they are still known.
 * @param {import('./api.js').Wish} wish
 */
async function fillPictures({ image, mask }) {
  await takeSource(image).catch(() => {});
  if (mask !== undefined) await fillMask(mask.upload);
}

function showOtherLanguage() {
  byId('language').textContent = language === 'zh' ? 'English' : '中文';
  byId('language').lang = language === 'zh' ? 'en' : 'zh';
}
