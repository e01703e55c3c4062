/**
 * A prompt says what there is, or, as an instruction, what is to change. The form has one place for both: what was sent as the one is
 * not taken for the other when the operation changes; what was only written goes along.
 */

/**
 * @typedef {import('./api.js').FormInput} FormInput
 * @typedef {'description' | 'instruction'} Kind
 */

/** What was last sent. @type {Record<Kind, string>} */
const sent = { description: '', instruction: '' };

/** @param {Pick<FormInput, 'operation' | 'strength' | 'mask'>} input @returns {Kind} */
export const kindOf = ({ operation, strength, mask }) =>
  operation === 'EDIT' && strength === undefined && mask === undefined ? 'instruction' : 'description';

/** @param {FormInput} input */
export function rememberPrompt(input) {
  sent[kindOf(input)] = input.prompt;
}

/**
 * Another image is to be changed, of which this is known; what is to change is said anew.
 * @param {string} description
 */
export function beginWith(description) {
  sent.description = description;
}

/** Another image is to be changed: nothing says yet what it shows. @returns {string} what was said of the one before */
export function forgetDescription() {
  const { description } = sent;
  sent.description = '';
  return description;
}

/**
 * What the prompt becomes where it is read as `kind` from now on.
 * @param {Kind} kind
 * @param {string} prompt
 */
export function promptAs(kind, prompt) {
  const other = kind === 'instruction' ? 'description' : 'instruction';
  return prompt === sent[other] ? sent[kind] : prompt;
}

/**
 * What an image shows, as far as its own request says so.
 * @param {Pick<import('./api.js').Generation, 'editMode' | 'prompt'>} generation
 */
export const descriptionOf = ({ editMode, prompt }) => (editMode === 'INSTRUCTION' ? '' : prompt);
