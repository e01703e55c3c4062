import { ask, cancel } from './api.js';
import { storageKey } from './dom.js';
import { follow } from './progress.js';

/**
 * @typedef {import('./api.js').FormInput} FormInput
 * @typedef {import('./api.js').Generation} Generation
 * @typedef {import('./api.js').Problem} Problem
 * @typedef {{
 *   begun: (generation: Generation) => void,
 *   happened: (event: import('./progress.js').ProgressEvent) => void,
 *   connection: (live: boolean) => void,
 *   full: (problem: Problem, signal: AbortSignal) => Promise<void>,
 * }} Listener
 */

/** What runs in this tab, so that a reload finds it again. */
const stored = storageKey('running');

/** One request from the first word to the last event. */
export class Drawing {
  #stop = new AbortController();
  /** Ends the following of a generation, whatever becomes of it. */
  #leave = new AbortController();
  /** @type {string | null} */
  #id = null;
  #connected = true;

  /** @param {Listener} listener */
  constructor(listener) {
    this.listener = listener;
  }

  /**
   * @param {FormInput} input
   * @returns {Promise<Generation | Problem>}
   */
  async run(input) {
    let answer = await ask(input);
    while (answer.__typename === 'QueueFull') {
      await this.listener.full(answer, this.#stop.signal);
      answer = await ask(input);
    }
    if (answer.__typename !== 'Generation') return answer;
    const generation = /** @type {Generation} */ (answer);
    if (this.#stop.signal.aborted) await cancel(generation.id);
    return isOver(generation) ? generation : this.watch(generation, input);
  }

  /**
   * Follows a generation that has begun, to its end.
   * @param {Generation} generation
   * @param {FormInput} input
   * @returns {Promise<Generation>}
   */
  async watch(generation, input) {
    this.#id = generation.id;
    remember({ generation, input });
    this.listener.begun(generation);
    let last = generation;
    const onConnection = (/** @type {boolean} */ live) => {
      this.#connected = live;
      this.listener.connection(live);
    };
    for await (const event of follow(generation.id, { signal: this.#leave.signal, onConnection })) {
      last = event.generation;
      this.listener.happened(event);
    }
    remember(null);
    return last;
  }

  /** Gives up: before there is a generation by not asking again, after that by a word to the server, or without one where it does not listen. */
  async cancel() {
    const reason = new DOMException('Cancelled', 'AbortError');
    this.#stop.abort(reason);
    if (this.#id === null) return;
    if (!this.#connected) this.#leave.abort(reason);
    // Who cannot be told will be left: the last word of a generation comes to whoever hears it.
    await cancel(this.#id).catch(() => this.#leave.abort(reason));
  }
}

/** @param {Generation} generation */
export function isOver({ status }) {
  return status !== 'QUEUED' && status !== 'RUNNING';
}

/** @returns {{ generation: Generation, input: FormInput } | null} */
export function interrupted() {
  try {
    return JSON.parse(sessionStorage.getItem(stored) ?? 'null');
  } catch {
    return null;
  }
}

/** @param {{ generation: Generation, input: FormInput } | null} running */
export function remember(running) {
  try {
    if (running === null) sessionStorage.removeItem(stored);
    else sessionStorage.setItem(stored, JSON.stringify(running));
  } catch {
    // Without storage a reload forgets what runs.
  }
}
