import { fetchFromTheDoor, fromHash } from './address.js';
import { ask, fetchModels } from './api.js';
import { fillMask, startBrush } from './brush.js';
import { confirmCopy, showKey, startCode } from './code.js';
import { startCompare } from './compare.js';
import { byId, copyText } from './dom.js';
import { interrupted } from './drawing.js';
import { change, changeOperation, fillForm, offerCapable, offerModels, readForm, startForm } from './form.js';
import { showHistory, startHistory } from './history.js';
import { setOperation, showMode } from './mode.js';
import { forgetOriginal, limitOriginal, original, startOriginal, takeImage, takeSource } from './original.js';
import { clearProblems, showError, showProblem } from './problems.js';
import { beginWith, forgetDescription } from './prompt-memory.js';
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
import { NotHere } from './uploads.js';
import { language, toggleLanguage, translate } from './words.js';

translate();
showOtherLanguage();
startCode();
startForm({ onInput: refresh, onChange: writeAddress, onDraw: () => draw(readForm()) });
startOriginal({
  onChange: () => {
    clearProblems();
    showMode();
    refresh();
    writeAddress();
  },
  // Also where the form has no place for an image yet.
  onFile: () => {
    const { operation, prompt } = readForm();
    if (operation === undefined) changeOperation('EDIT');
    const before = forgetDescription();
    if (operation === 'REFINE' && prompt === before) change('prompt', '');
  },
  onRefusal: (sentence) => showProblem(sentence, 'image'),
  onError: showError,
});
startBrush(refresh);
startCompare();
startHistory(({ input, generation }) => {
  if (isDrawing()) return;
  clearProblems();
  fillForm({ ...input, seed: generation.seed });
  void fillImages(input).then(() => present(input, generation));
});
byId('cancel').addEventListener('click', cancelDrawing);
byId('keep-seed').addEventListener('click', () => change('seed', byId('drawn-seed').textContent ?? ''));
for (const [button, operation] of /** @type {const} */ ([
  ['edit-this', 'EDIT'],
  ['refine-this', 'REFINE'],
])) {
  byId(button).addEventListener('click', async () => {
    const image = shownImage();
    if (image === null || isDrawing()) return;
    await takeImage(image.id).catch(report);
    setOperation(operation);
    offerCapable();
    beginWith(image.description);
    // What is to change is another sentence than what there is.
    change('prompt', operation === 'EDIT' ? '' : image.description);
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
  // Before anything is waited for: what is drawn meanwhile was not interrupted.
  const running = interrupted();
  const blank = JSON.stringify(readForm());
  let isWritten = false;
  try {
    const [models] = await Promise.all([fetchModels(), showKey()]);
    isWritten = JSON.stringify(readForm()) !== blank;
    offerModels(models);
    limitOriginal(longestSide(models));
  } catch (error) {
    return report(error);
  }
  const asked = fetchFromTheDoor();
  if (asked !== null && location.hash === '') history.replaceState(null, '', asked);
  // Nor is what was written meanwhile taken back for what stands in the address.
  if (isWritten || isDrawing()) return refresh();
  if (running === null) return restore();
  fillForm(running.input);
  await fillImages(running.input);
  await resume(running);
}

/** Takes the request from the address, and the image with it if the server remembers it. */
async function restore() {
  const input = fromHash(location.hash);
  if (isDrawing()) return;
  if (input === null) {
    refresh();
    return writeAddress();
  }
  fillForm(input);
  await fillImages(input);
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
 * The image that a request changes and what was painted over it, where they are still known.
 * @param {import('./api.js').FormInput} input
 */
async function fillImages({ operation = 'GENERATE', image, mask }) {
  if (operation === 'GENERATE') return;
  try {
    if (image === undefined) return forgetOriginal();
    await takeSource(image);
    if (mask !== undefined) await fillMask(mask.upload);
  } catch (error) {
    // Never another image, or another mask, than the one that was meant.
    if (!(error instanceof NotHere && error.word === 'maskGone')) forgetOriginal();
    showError(error);
  }
}

function showOtherLanguage() {
  byId('language').textContent = language === 'zh' ? 'English' : '中文';
  byId('language').lang = language === 'zh' ? 'en' : 'zh';
}
