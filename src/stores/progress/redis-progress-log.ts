import type { GenerationEvent } from '../../domain/event.js';
import type { Generation } from '../../domain/generation.js';
import type { Clock } from '../../environment/clock.js';
import type { RedisLink } from '../redis/redis.js';
import { type ProgressLog, StaleWriter } from './progress-log.js';
import { append } from './redis/append.js';
import { readLog } from './redis/reader.js';
import { channelOf, firstState, keysOf, loadStates, split, stateOf } from './redis/stored-log.js';

export interface RedisProgressLogOptions {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** For the events of one generation; beyond it the previews of its oldest steps are let go, never the steps. */
  readonly maxBytes: number;
  /** For all logs of finished generations together, of all processes. */
  readonly keptBytes: number;
}

/** An event without a preview, and the record of its generation. */
const EVENT_BYTES = 256;
const LOG_BYTES = 512;
/** After its last event. */
const KEPT_MS = 24 * 60 * 60 * 1000;
/** Between two tries of what Redis refused, as it does where its memory is full. */
const RETRY_MS = 500;
/** Ids of ours are shorter. */
const LONGEST_ID = 200;

/** Keeps the logs as streams in Redis: written by the process that owns the generation, read by any. */
export function openRedisProgressLog(options: RedisProgressLogOptions): ProgressLog {
  const { link, clock, heartbeatMs, maxBytes, keptBytes } = options;
  const closing = new AbortController();
  /** Events of one generation are sent one after the other: sent again after an outage, they would overtake each other. */
  const writing = new Map<string, Promise<void>>();

  async function send(generation: Generation, event: GenerationEvent): Promise<void> {
    const { id, prompt, negativePrompt } = generation;
    const { events, previews, record } = keysOf(link, id);
    const keys = [events, previews, record, link.key('log', 'finished'), link.key('log', 'counters')];
    const { bare, preview } = split(event);
    const isLast = event.type === 'GenerationFinished' ? '1' : '';
    const answer = await append.run(link.commands, keys, [
      ...[event.sequence, bare, preview, firstState(generation), stateOf(generation), isLast],
      ...[EVENT_BYTES, LOG_BYTES + 2 * (prompt.length + negativePrompt.length), maxBytes, keptBytes, KEPT_MS],
      ...[link.key(channelOf(id)), link.key('log', ''), id],
    ]);
    if (answer === 'stale') throw new StaleWriter();
  }

  async function sendUntilTaken(generation: Generation, event: GenerationEvent): Promise<void> {
    for (;;) {
      try {
        return await send(generation, event);
      } catch (error) {
        if (error instanceof StaleWriter || closing.signal.aborted) throw error;
        await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
      }
    }
  }

  return {
    append(generation, event) {
      const { id } = generation;
      const before = writing.get(id) ?? Promise.resolve();
      const sent = before.catch(() => {}).then(() => sendUntilTaken(generation, event));
      writing.set(id, sent);
      const done = () => {
        if (writing.get(id) === sent) writing.delete(id);
      };
      sent.then(done, done);
      return sent;
    },
    async read(id, after, signal) {
      if (id.length > LONGEST_ID) return null;
      // What this process has told already can be read.
      await link.answered(Promise.resolve(writing.get(id)).catch(() => {}));
      const [state] = await link.answered(loadStates(link, [id]));
      if (state == null) return null;
      return readLog(id, after, signal, { link, clock, heartbeatMs, closed: closing.signal });
    },
    async states(ids) {
      return link.answered(loadStates(link, ids));
    },
    async close() {
      closing.abort();
    },
  };
}
