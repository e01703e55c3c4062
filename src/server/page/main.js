import { fetchFromTheDoor, fromHash } from './address.js';
import { fetchModels, generate } from './api.js';
import { confirmCopy, showKey, startCode } from './code.js';
import { byId, copyText } from './dom.js';
import { interrupted } from './drawing.js';
import { change, fillForm, offerModels, readForm, startForm } from './form.js';
import { showHistory, startHistory } from './history.js';
import { clearProblems } from './problems.js';
import { cancelDrawing, draw, isDrawing, present, refresh, report, resume, showAgain, writeAddress } from './studio.js';
import { language, toggleLanguage, translate } from './words.js';

translate();
showOtherLanguage();
startCode();
startForm({ onInput: refresh, onChange: writeAddress, onDraw: () => draw(readForm()) });
startHistory(({ input, generation }) => {
  if (isDrawing()) return;
  clearProblems();
  fillForm({ ...input, seed: generation.seed });
  present(readForm(), generation);
});
byId('cancel').addEventListener('click', cancelDrawing);
byId('keep-seed').addEventListener('click', () => change('seed', byId('drawn-seed').textContent ?? ''));
byId('share').addEventListener('click', async () => {
  await copyText(location.href);
  confirmCopy(byId('share'), 'share');
});
byId('language').addEventListener('click', () => {
  toggleLanguage();
  showOtherLanguage();
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
  } catch (error) {
    return report(error);
  }
  const asked = fetchFromTheDoor();
  if (asked !== null && location.hash === '') history.replaceState(null, '', asked);
  const running = interrupted();
  if (running === null) return restore();
  fillForm(running.input);
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
  if (input.seed === undefined) return;
  const answer = await generate({ ...input, cache: 'ONLY' }).catch(() => null);
  if (answer?.__typename !== 'Generation' || isDrawing()) return;
  present(readForm(), /** @type {import('./api.js').Generation} */ (answer));
}

function showOtherLanguage() {
  byId('language').textContent = language === 'zh' ? 'English' : '中文';
  byId('language').lang = language === 'zh' ? 'en' : 'zh';
}
