import { ApiError, apiError, generationFields, generationFrom, post } from './api.js';
import { pause } from './dom.js';
import { messages } from './stream.js';

/**
 * @typedef {import('./api.js').Generation} Generation
 * @typedef {{ sequence: number, generation: Generation } & (
 *   { __typename: 'GenerationQueued', position: number }
 *   | { __typename: 'StageStarted', stage: import('./api.js').Stage }
 *   | { __typename: 'StageFinished', stage: import('./api.js').Stage, durationMs: number }
 *   | { __typename: 'StepFinished', image: number, step: number, totalSteps: number, preview: string | null }
 *   | { __typename: 'GenerationFinished' }
 *   | { __typename: 'Heartbeat' })} ProgressEvent
 */

export const subscription = `subscription Progress($id: ID!, $after: Int) {
  generationProgress(id: $id, after: $after) {
    __typename
    sequence
    generation { ...Whole }
    ... on GenerationQueued { position }
    ... on StageStarted { stage }
    ... on StageFinished { stage durationMs }
    ... on StepFinished { image step totalSteps preview }
  }
}
${generationFields}`;

/** The server sends a heartbeat when nothing else happens; a connection silent for longer is dead. */
const silenceMs = 40_000;
const longestPauseMs = 8_000;

/**
 * Everything that happens to a generation, in order and once, to its last event. Lost connections are taken up again
 * behind the last event that arrived.
 * @param {string} id
 * @param {{ signal: AbortSignal, onConnection: (live: boolean) => void }} options
 * @returns {AsyncGenerator<ProgressEvent>}
 */
export async function* follow(id, { signal, onConnection }) {
  let last = 0;
  for (let failures = 0; ; failures++) {
    try {
      for await (const event of connection(id, last, signal)) {
        onConnection(true);
        failures = 0;
        if (event.__typename === 'Heartbeat') {
          if (event.sequence > last) break; // something was lost on the way: ask again for what came after `last`
          continue;
        }
        if (event.sequence <= last) continue;
        last = event.sequence;
        yield event;
        if (event.__typename === 'GenerationFinished') return;
      }
    } catch (error) {
      if (signal.aborted || error instanceof ApiError) throw error;
    }
    onConnection(false);
    await pause(Math.min(250 * 2 ** failures, longestPauseMs), signal);
  }
}

/**
 * One connection's events. Ends where the server ends it, throws where it breaks.
 * @param {string} id
 * @param {number} after
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<ProgressEvent>}
 */
async function* connection(id, after, signal) {
  const dead = new AbortController();
  let watchdog = setTimeout(() => dead.abort(), silenceMs);
  const alive = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(() => dead.abort(), silenceMs);
  };
  try {
    const either = AbortSignal.any([signal, dead.signal]);
    const response = await post(subscription, { id, after }, 'text/event-stream', either);
    if (response.status >= 500 || response.body === null) throw new Error(`HTTP ${response.status}`);
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      const { errors } = await response.json().catch(() => ({}));
      throw apiError(errors?.[0] ?? { message: `HTTP ${response.status}` }, response.status);
    }
    for await (const { event, data } of messages(response.body, alive)) {
      if (event === 'complete') return;
      if (event !== 'next') continue;
      const { data: payload, errors } = JSON.parse(data);
      if (errors !== undefined) throw apiError(errors[0]);
      const told = payload.generationProgress;
      yield { ...told, generation: generationFrom(told.generation) };
    }
  } finally {
    clearTimeout(watchdog);
    dead.abort();
  }
}
