import { graphql } from './api.js';
import { byId, make } from './dom.js';
import { speak, t } from './words.js';

/** What the model will make of the prompt, said while it is written. */

/**
 * @typedef {import('./api.js').FormInput} FormInput
 * @typedef {{ language: 'EN' | 'ZH', tokens: number, maxTokens: number, advice: { kind: string, message: string }[] }} Advice
 */

const query = `query Advice($prompt: String!, $model: ID) {
  advised: promptAdvice(prompt: $prompt, model: $model) {
    ... on PromptAdvice { language tokens maxTokens advice { kind message } }
  }
}`;
/** As long as somebody is still writing, nobody interrupts. */
const quietMs = 500;
let asked = '';
let timer = 0;

/** @param {FormInput} input of which the prompt describes an image; an instruction is judged by other rules, and none is given */
export function advise({ operation = 'GENERATE', prompt, model, mask, strength }) {
  const describes =
    operation === 'GENERATE' || (operation === 'EDIT' && (mask !== undefined || strength !== undefined));
  const key = describes && prompt.trim() !== '' ? JSON.stringify([prompt, model]) : '';
  if (key === asked) return;
  asked = key;
  clearTimeout(timer);
  if (key === '') return show(null);
  timer = setTimeout(async () => {
    /** @type {{ advised: Partial<Advice> } | null} a server that cannot be reached gives no advice, and says so when it is asked to draw */
    const answer = await graphql(query, { prompt, model }).catch(() => null);
    if (key === asked) show(answer?.advised.advice === undefined ? null : /** @type {Advice} */ (answer.advised));
  }, quietMs);
}

/** @param {Advice | null} advice */
function show(advice) {
  speak(byId('tokens'), advice === null ? null : () => t('tokens', { n: advice.tokens, max: advice.maxTokens }));
  byId('advice').lang = advice?.language.toLowerCase() ?? '';
  byId('advice').replaceChildren(...(advice?.advice ?? []).map(({ message }) => make('p', {}, message)));
}
