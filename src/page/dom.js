/**
 * The element with this id, which `index.html` has.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element "${id}".`);
  return /** @type {T} */ (element);
}

/**
 * The name under which this page keeps something: several servers may be below one host, each with its own path.
 * @param {string} name
 */
export const storageKey = (name) => `inkstone.${name}@${new URL('.', document.baseURI).pathname}`;

/**
 * A new element; properties are set as they are, `class` and `aria-…` and `data-…` as attributes.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string | number | boolean>} [properties]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === 'class' || name.includes('-')) element.setAttribute(name, String(value));
    else Object.assign(element, { [name]: value });
  }
  element.append(...children);
  return element;
}

/**
 * Waits; rejects with the signal's reason when it is aborted first.
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}

/**
 * Puts text on the clipboard, also where the page came over plain http and the clipboard interface is missing.
 * @param {string} text
 */
export async function copyText(text) {
  if (navigator.clipboard !== undefined) {
    try {
      return await navigator.clipboard.writeText(text);
    } catch {
      // Not allowed here: by the old way then.
    }
  }
  const area = make('textarea', { value: text, class: 'offstage' });
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}
