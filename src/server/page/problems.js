import { byId, pause } from './dom.js';
import { field } from './form.js';
import { say } from './words.js';

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
  for (const element of document.querySelectorAll('.problem')) element.textContent = '';
  for (const element of document.querySelectorAll('[aria-invalid]')) element.removeAttribute('aria-invalid');
}

/**
 * Says what is wrong, at the field that it is about.
 * @param {string} message
 * @param {string} [name] as in `InvalidInput.field`
 */
export function showProblem(message, name = '') {
  const sentence = message.replaceAll('`', ''); // marks names for programmers
  // `image.upload` is said of the image.
  const place = name
    .split('.')
    .map((part) => places.get(part))
    .find((known) => known !== undefined);
  if (place === undefined || field(place).hidden) {
    byId('form-problem').textContent = sentence;
    return;
  }
  byId(`${place}-problem`).textContent = sentence;
  const control = place === 'loras' ? byId('loras').querySelector('input') : byId(place === 'image' ? 'file' : place);
  if (control === null) return;
  control.setAttribute('aria-invalid', 'true');
  /** @type {HTMLDetailsElement | null} */ (control.closest('details'))?.setAttribute('open', '');
  control.focus();
}

/**
 * Counts down to the moment at which a full queue may have room.
 * @param {import('./api.js').Problem} problem
 * @param {AbortSignal} signal
 * @param {(sentence: string) => void} tell
 */
export async function countDown({ retryAfterMs = 1000 }, signal, tell) {
  for (let left = Math.ceil(retryAfterMs / 1000); left > 0; left--) {
    tell(say('full', { n: left }));
    await pause(1000, signal);
  }
}
