import { asksForKey, endpoint } from './api.js';
import { byId, copyText, make } from './dom.js';
import { say } from './words.js';

/** @typedef {import('./api.js').GenerateInput} GenerateInput */

const operation = `mutation Draw($input: GenerateInput!) {
  generate(input: $input, waitMs: 60000) {
    __typename
    ... on Generation {
      id
      status
      cache
      seed
      images { url width height thumbhash }
      problem { message }
    }
    ... on Problem { message retryable }
    ... on InvalidInput { field }
  }
}`;

const progress = `subscription Progress($id: ID!, $after: Int) {
  generationProgress(id: $id, after: $after) {
    __typename
    sequence
    ... on StepFinished { image step totalSteps preview }
    ... on GenerationFinished { generation { status images { url } } }
  }
}`;

const tabs = /** @type {HTMLButtonElement[]} */ ([...byId('tabs').querySelectorAll('button')]);
let selected = 'operation';
/** @type {Record<string, string>} */
let texts = {};
/** Headers that every request needs, as a shell would read them. @type {string[]} */
let always = [];

export function startCode() {
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener('click', () => select(tab));
    tab.addEventListener('keydown', ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (step !== undefined) select(/** @type {HTMLButtonElement} */ (tabs.at((index + step) % tabs.length)), true);
    });
  }
  byId('copy').addEventListener('click', async () => {
    await copyText(texts[selected] ?? '');
    confirmCopy(byId('copy'), 'copy');
  });
}

/** Shows that a key is to be sent, where one is. */
export async function showKey() {
  always = (await asksForKey()) ? ['"authorization: Bearer $ACCESS_KEY"'] : [];
}

/**
 * Says "Copied" on a button for a moment.
 * @param {HTMLElement} button
 * @param {import('./words.js').Word} word what it says otherwise
 */
export function confirmCopy(button, word) {
  button.textContent = say('copied');
  setTimeout(() => {
    button.textContent = say(word);
  }, 1500);
}

/**
 * Shows how to make exactly this request from elsewhere.
 * @param {GenerateInput} input
 * @param {string | null} id the generation that can be followed
 */
export function showCode(input, id) {
  texts = {
    operation,
    variables: JSON.stringify({ input }, null, 2),
    curl: curl({ query: oneLine(operation), variables: { input } }, ['content-type: application/json']),
    follow: curl(
      { query: oneLine(progress), variables: { id: id ?? 'the id that Draw answered', after: 0 } },
      ['content-type: application/json', 'accept: text/event-stream'],
      '-N ',
    ),
  };
  show();
}

/**
 * @param {object} body
 * @param {string[]} headers
 * @param {string} [options]
 */
function curl(body, headers, options = '') {
  const lines = [
    `curl ${options}${quoted(endpoint)}`,
    ...[...headers.map(quoted), ...always].map((header) => `-H ${header}`),
    `-d ${quoted(JSON.stringify(body))}`,
  ];
  return lines.join(' \\\n  ');
}

/**
 * Quoted for a POSIX shell.
 * @param {string} text
 */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {string} query */
function oneLine(query) {
  return query.replace(/\s+/g, ' ');
}

/**
 * @param {HTMLButtonElement} chosen
 * @param {boolean} [focus]
 */
function select(chosen, focus = false) {
  for (const tab of tabs) {
    tab.setAttribute('aria-selected', String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
  }
  selected = chosen.id.replace('tab-', '');
  byId('panel').setAttribute('aria-labelledby', chosen.id);
  if (focus) chosen.focus();
  show();
}

function show() {
  const text = texts[selected] ?? '';
  byId('source').replaceChildren(...(text.startsWith('curl') ? [text] : coloured(text)));
}

/**
 * Strings and names of variables stand out a little.
 * @param {string} text
 */
function coloured(text) {
  return text.split(/("(?:[^"\\]|\\.)*"|\$\w+)/).map((part, index) => (index % 2 === 0 ? part : make('b', {}, part)));
}
