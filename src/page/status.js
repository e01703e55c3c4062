import { problemSentence } from './problem-words.js';
import { language, t } from './words.js';

/**
 * @typedef {import('./api.js').Generation} Generation
 * @typedef {import('./progress.js').ProgressEvent} ProgressEvent
 */

/**
 * What happens now, in a sentence; null where the last one still holds.
 * @param {ProgressEvent} event
 * @returns {string | null}
 */
export function sentenceOf(event) {
  switch (event.__typename) {
    case 'GenerationQueued':
      // How many wait before it: none where it is the next, or begins at once.
      return event.position > 0 ? t('queued', { n: event.position + 1 }) : t('next');
    case 'StageStarted':
      return t(event.stage);
    case 'StepFinished': // of all images together: several are drawn at once
      return t('step', { n: event.generation.step, total: event.generation.totalSteps });
    case 'GenerationFinished':
      return outcomeOf(event.generation);
    default:
      return null;
  }
}

/** @param {Generation} generation */
export function outcomeOf({ status, problem }) {
  if (status === 'SUCCEEDED') return t('done');
  if (status === 'CANCELLED') return t('cancelled');
  return problem === null ? t('failed') : problemSentence(problem, language);
}

/**
 * From 0 to 1; null while nothing can be counted.
 * @param {Generation} generation
 */
export function fractionOf({ step, totalSteps }) {
  return step > 0 && totalSteps > 0 ? step / totalSteps : null;
}

/** @param {Generation} generation */
export function tookOf({ createdAt, finishedAt }) {
  return finishedAt === null ? null : Date.parse(finishedAt) - Date.parse(createdAt);
}

/** @param {number} ms */
export function duration(ms) {
  if (ms < 1) return '< 1 ms';
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}
