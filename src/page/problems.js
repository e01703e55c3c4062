import { ApiError, Unreachable } from './api.js';
import { byId, pause } from './dom.js';
import { field } from './form.js';
import { errorSentence, problemSentence, problemWords } from './problem-words.js';
import { NotHere } from './uploads.js';
import { language, speak, t } from './words.js';

/** Where a problem with a field of the input is shown; every other one stands under the button. */
const places = new Map([
  ...['prompt', 'seed', 'steps', 'count', 'model', 'guidance', 'negativePrompt', 'strength', 'loras'].map(
    (name) => /** @type {const} */ ([name, name]),
  ),
  ['width', 'size'],
  ['height', 'size'],
  ['image', 'image'],
  ['mask', 'image'],
]);

export function clearProblems() {
  for (const element of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('.problem')))
    speak(element, null);
  for (const element of document.querySelectorAll('[aria-invalid]')) element.removeAttribute('aria-invalid');
}

/**
 * Says what is wrong, at the field that it is about.
 * @param {() => string} sentence in the language of the page
 * @param {string} [name] as in `InvalidInput.field`
 */
export function showProblem(sentence, name = '') {
  // `image.upload` is said of the image.
  const place = name
    .split('.')
    .map((part) => places.get(part))
    .find((known) => known !== undefined);
  if (place === undefined || field(place).hidden) return speak(byId('form-problem'), sentence);
  speak(byId(`${place}-problem`), sentence);
  const control = place === 'loras' ? byId('loras').querySelector('input') : byId(place === 'image' ? 'file' : place);
  if (control === null) return;
  control.setAttribute('aria-invalid', 'true');
  /** @type {HTMLDetailsElement | null} */ (control.closest('details'))?.setAttribute('open', '');
  control.focus();
}

/**
 * Says an expected failure of the API in the page's words.
 * @param {import('./api.js').Problem} problem
 */
export function showRefusal(problem) {
  showProblem(() => problemSentence(problem, language), problem.field);
}

/**
 * Says what was thrown: by the API, by the page itself, or because nobody answers.
 * @param {unknown} error
 */
export function showError(error) {
  if (error instanceof NotHere) return showProblem(() => t(error.word), 'image');
  if (error instanceof ApiError) return showApiError(error);
  if (error instanceof Unreachable) return showProblem(() => t('unreachable'));
  const message = error instanceof Error ? error.message : String(error);
  showProblem(() => t('pageFailed', { message }));
}

/** @param {ApiError} error */
function showApiError(error) {
  const { field: name = error.field, message } = error.variable ?? { message: error.message };
  const sentence = () =>
    error.reason in problemWords
      ? problemSentence(
          { code: error.reason, message, parameters: [{ name: 'field', value: name }, ...error.parameters] },
          language,
        )
      : errorSentence({ code: error.code, status: error.status, field: name, message }, language);
  showProblem(sentence, error.status === 413 ? 'image' : name);
}

/** The server says when all that waits will be done; a place may be free long before, when somebody gives up. */
const longestWaitMs = 10_000;

/**
 * Counts down to the moment at which a full queue may have room.
 * @param {import('./api.js').Problem} problem
 * @param {AbortSignal} signal
 * @param {(sentence: () => string) => void} tell
 */
export async function countDown({ code, retryAfterMs = 1000 }, signal, tell) {
  for (let left = Math.ceil(Math.min(retryAfterMs, longestWaitMs) / 1000); left > 0; left--) {
    const n = left;
    tell(() => t(code === 'SERVER_STOPPING' ? 'restarting' : 'full', { n }));
    await pause(1000, signal);
  }
}
