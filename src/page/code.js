import { asksForKey, endpoint, mutationOf } from './api.js';
import { byId, copyText, make } from './dom.js';
import { withoutUploads } from './uploads.js';
import { t } from './words.js';

/** @typedef {import('./api.js').FormInput} FormInput */

const operationOf = (/** @type {FormInput} */ input) => {
  const { field, type } = mutationOf(input);
  return `mutation Draw($input: ${type}!) {
  ${field}(input: $input, waitMs: 60000) {
    __typename
    ... on Generation {
      id
      status
      cache
      seed
      images { url width height thumbhash }
      problem { code message }
    }
    ... on Problem { code message retryable }
    ... on InvalidInput { field }
  }
}`;
};

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
  button.textContent = t('copied');
  setTimeout(() => {
    button.textContent = t(word);
  }, 1500);
}

/**
 * Shows how to make exactly this request from elsewhere.
 * @param {FormInput} form
 * @param {string | null} id the generation that can be followed
 */
export function showCode(form, id) {
  const { operation: _, ...input } = form;
  const operation = operationOf(form);
  texts = {
    operation,
    variables: JSON.stringify(withoutUploads({ input }).input, null, 2),
    curl: requestOf(oneLine(operation), { input }),
    follow: curl(
      { query: oneLine(progress), variables: { id: id ?? 'the id that Draw answered', after: 0 } },
      ['content-type: application/json', 'accept: text/event-stream'],
      '-N ',
    ),
  };
  showTry(form);
  show();
}

/**
 * A link to GraphiQL with the whole request in it; that knows no files.
 * @param {FormInput} form
 */
function showTry(form) {
  const { operation: _, ...input } = form;
  const link = /** @type {HTMLAnchorElement} */ (byId('try'));
  link.hidden = withoutUploads({ input }).places.length > 0;
  const whole = operationOf(form)
    .replace(/\(\$input.*?\)/, '')
    .replace('$input', () => literal(input));
  link.href = `graphql?${new URLSearchParams({ query: whole })}`;
}

/**
 * A value as GraphQL writes it: JSON but for the names of fields.
 * @param {unknown} value
 * @returns {string}
 */
function literal(value) {
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{ ${Object.entries(value)
    .map(([name, part]) => `${name}: ${literal(part)}`)
    .join(', ')} }`;
}

/**
 * With files, a multipart request; their names are for the reader to fill in.
 * @param {string} query
 * @param {Record<string, any>} variables
 */
function requestOf(query, variables) {
  const { input, places } = withoutUploads(variables);
  if (places.length === 0) return curl({ query, variables }, ['content-type: application/json']);
  const map = Object.fromEntries(places.map(({ path }, i) => [i, [path]]));
  const fields = [`operations=${JSON.stringify({ query, variables: input })}`, `map=${JSON.stringify(map)}`];
  const lines = [
    `curl ${quoted(endpoint)}`,
    ...[quoted('x-graphql-yoga-csrf: 1'), ...always].map((header) => `-H ${header}`),
    // `-F` would read a semicolon in the prompt as its own.
    ...fields.map((part) => `--form-string ${quoted(part)}`),
    ...places.map(({ path }, i) => `-F '${i}=@${path.split('.').at(-2)}.png'`),
  ];
  return lines.join(' \\\n  ');
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
