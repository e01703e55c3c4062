import { toHash } from './address.js';
import { advise } from './advice.js';
import { hideCaption, showCaption } from './caption.js';
import { showCode } from './code.js';
import { compareWith } from './compare.js';
import { byId } from './dom.js';
import { Drawing, remember } from './drawing.js';
import { readForm } from './form.js';
import { addToHistory } from './history.js';
import { missing } from './mode.js';
import { original } from './original.js';
import { clearProblems, countDown, showError, showProblem, showRefusal } from './problems.js';
import { descriptionOf, rememberPrompt } from './prompt-memory.js';
import { fractionOf, outcomeOf, sentenceOf } from './status.js';
import { clearSheet, layOut, markSelected, setWorking, showGeneration, showImage, showPreview } from './tiles.js';
import { speak, t } from './words.js';

/**
 * @typedef {import('./api.js').FormInput} FormInput
 * @typedef {import('./api.js').Generation} Generation
 * @typedef {import('./api.js').Problem} Problem
 */

/** @type {Drawing | null} */
let drawing = null;
/** What the sheet shows, with the form's request it came from. @type {{ input: FormInput, generation: Generation } | null} */
let shown = null;
/** The place of the image that the caption is about. */
let selected = 0;

export const isDrawing = () => drawing !== null;

export function cancelDrawing() {
  drawing?.cancel().catch(report);
}

/** @param {FormInput} input */
export async function draw(input) {
  if (drawing !== null) return;
  const lacking = missing();
  clearProblems();
  if (lacking !== null) return showProblem(lacking, 'image');
  await work(input, (current) => current.run(input));
}

/**
 * Goes on with what a reload of the page interrupted.
 * @param {{ input: FormInput, generation: Generation }} running
 */
export async function resume({ input, generation }) {
  await work(input, (current) => current.watch(generation, input));
}

/**
 * Everything around one drawing: the sheet before, the sentences meanwhile, the image or the problem at its end.
 * @param {FormInput} input
 * @param {(drawing: Drawing) => Promise<Generation | Problem>} run
 */
async function work(input, run) {
  clearProblems();
  rememberPrompt(input);
  byId('status').classList.remove('alarm');
  setBusy(true);
  tell(() => t('sending'), null);
  drawing = new Drawing(listenerFor(input));
  try {
    const answer = await run(drawing);
    if (answer.__typename === 'Generation') finish(input, /** @type {Generation} */ (answer));
    else refuse(/** @type {Problem} */ (answer));
  } catch (error) {
    report(error);
  } finally {
    drawing = null;
    setBusy(false);
    refresh();
    writeAddress();
  }
}

/**
 * @param {FormInput} input
 * @returns {import('./drawing.js').Listener}
 */
function listenerFor(input) {
  const { count = 1 } = input;
  return {
    begun: (generation) => {
      shown = null;
      hideCaption();
      layOut(
        Array.from({ length: count }, (_, index) => index),
        generation,
      );
      showCode(input, generation.id);
    },
    happened: (event) => {
      const sentence = () => sentenceOf(event) ?? '';
      tell(sentence() === '' ? null : sentence, fractionOf(event.generation));
      if (event.__typename === 'StepFinished' && event.preview !== null)
        showPreview(event.image, event.preview, event.step / event.totalSteps);
      for (const image of event.generation.images) showImage(image, event.generation.prompt);
    },
    connection: (live) => {
      byId('status').classList.toggle('alarm', !live);
      if (!live) tell(() => t('lost'), undefined);
    },
    full: (problem, signal) => countDown(problem, signal, (sentence) => tell(sentence, null)),
  };
}

/**
 * @param {FormInput} input
 * @param {Generation} generation
 */
function finish(input, generation) {
  if (generation.images.length > 0) {
    addToHistory({ input, generation });
    return present(input, generation);
  }
  clearSheet();
  tell(() => outcomeOf(generation), 1);
  byId('status').classList.toggle('alarm', generation.status === 'FAILED');
}

/**
 * Puts a finished generation on the sheet.
 * @param {FormInput} input
 * @param {Generation} generation
 */
export function present(input, generation) {
  const { images, width, height } = generation;
  // What was watched stands on the sheet already; what comes from memory does not.
  const watched = shown === null && byId('tiles').childElementCount === images.length;
  if (!watched)
    layOut(
      images.map(({ index }) => index),
      generation,
    );
  shown = { input, generation };
  rememberPrompt(input);
  showGeneration(generation, select);
  const before = original();
  const changed = input.image !== undefined && before !== null && sameImage(input.image, before.image);
  compareWith(changed ? { address: before.address, regions: generation.regions, width, height } : null);
  select(images[0]?.index ?? 0);
  tell(() => outcomeOf(generation), 1);
}

/**
 * @param {NonNullable<FormInput['image']>} a
 * @param {NonNullable<FormInput['image']>} b
 */
const sameImage = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** The image that is shown, to be changed next, and what is known of what it shows. */
export function shownImage() {
  const id = shown?.generation.images.find(({ index }) => index === selected)?.id;
  return id === undefined || shown === null ? null : { id, description: descriptionOf(shown.generation) };
}

/** @param {number} index */
function select(index) {
  selected = index;
  markSelected(index);
  showAgain();
  refresh();
  writeAddress();
}

/** Writes the caption anew, in the language that is spoken now. */
export function showAgain() {
  if (shown !== null) showCaption(shown.generation, selected);
}

/** @param {Problem} problem */
function refuse(problem) {
  tell(() => '', 1);
  showRefusal(problem);
}

/** @param {unknown} error */
export function report(error) {
  remember(null);
  if (shown === null) clearSheet();
  const cancelled = error instanceof DOMException && error.name === 'AbortError';
  tell(() => (cancelled ? t('cancelled') : ''), 1);
  if (!cancelled) showError(error);
}

/** The code to copy follows the form. */
export function refresh() {
  const request = currentRequest();
  showCode(request, shown?.generation.id ?? null);
  advise(request);
}

/** So does the page's address, though not letter by letter: browsers allow only so many changes of it. */
export function writeAddress() {
  const request = currentRequest();
  if (drawing === null && (request.prompt !== '' || location.hash !== ''))
    history.replaceState(null, '', toHash(request));
}

/** The form's request. A drawn seed belongs to it while its image is shown. */
function currentRequest() {
  const input = readForm();
  const same = shown !== null && JSON.stringify(shown.input) === JSON.stringify(input);
  return same && shown !== null ? { ...input, seed: shown.generation.seed } : input;
}

/**
 * @param {(() => string) | null} sentence null leaves it as it is
 * @param {number | null | undefined} fraction null: nobody knows; undefined: as it is
 */
function tell(sentence, fraction) {
  if (sentence !== null) speak(byId('status'), sentence);
  const progress = /** @type {HTMLProgressElement} */ (byId('progress'));
  if (fraction === null) progress.removeAttribute('value');
  else if (fraction !== undefined) progress.value = fraction;
}

/** @param {boolean} busy */
function setBusy(busy) {
  setWorking(busy);
  // Whoever waits at the button that goes comes back to the one that stays.
  if (document.activeElement === byId('cancel')) byId('draw').focus({ preventScroll: true });
  byId('cancel').hidden = !busy;
  byId('progress').hidden = !busy;
  // Not `disabled`, which would take the focus from whoever works by keys.
  byId('draw').setAttribute('aria-disabled', String(busy));
}
