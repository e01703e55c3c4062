import type { ProgressEvent } from '../../../domain/event.js';
import type { Generation } from '../../../domain/generation.js';
import type { Clock } from '../../../environment/clock.js';
import type { RedisLink } from '../../redis/redis.js';
import { Inbox } from './inbox.js';
import { channelOf, loadLog, type StoredEvent } from './stored-log.js';

export interface ReaderParts {
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly heartbeatMs: number;
  /** Aborts when the log is closed. */
  readonly closed: AbortSignal;
}

/**
 * What is stored, then what is published. What was published while nothing was heard is read from the store: at the beginning, where
 * numbers do not follow one another, after the connection was lost, and before every heartbeat.
 */
export async function* readLog(
  id: string,
  after: number,
  signal: AbortSignal,
  { link, clock, heartbeatMs, closed }: ReaderParts,
): AsyncGenerator<ProgressEvent> {
  const inbox = new Inbox();
  const leave = await link.channels.listen(channelOf(id), inbox);
  const over = () => signal.aborted || closed.aborted;
  let last = after;
  let generation: Generation | null = null;

  /** The event, with a snapshot before it where others between it and the last told one are not stored any more. */
  function* told({ event, before }: StoredEvent, at: Generation): Generator<ProgressEvent> {
    if (before > last) yield { type: 'Heartbeat', sequence: before, at: clock.now(), generation: at };
    last = event.sequence;
    yield { ...event, generation: at };
  }

  try {
    while (!over()) {
      if (inbox.hasGap) {
        inbox.clear();
        const stored = await loadLog(link, id, last);
        // It had to make room.
        if (stored === null) return;
        generation = stored.generation;
        for (const entry of stored.events) {
          yield* told(entry, generation);
          if (over()) return;
        }
        if (stored.ended) {
          // Of a reader that has seen more than there is only this is sure: how it ends is news.
          const end = last > stored.last ? ((await loadLog(link, id, stored.last - 1))?.events ?? []) : [];
          for (const { event } of end) yield { ...event, generation };
          return;
        }
      }
      const message = inbox.take();
      if (message === undefined) {
        if ((await inbox.silence(clock, heartbeatMs, [signal, closed])) === 'broken') continue;
        const missed = await loadLog(link, id, last);
        if (missed === null) return;
        if (missed.events.length > 0) inbox.onGap();
        else yield { type: 'Heartbeat', sequence: missed.last, generation: missed.generation, at: clock.now() };
        continue;
      }
      const { event, before, state } = message;
      if (event.sequence <= last && event.type !== 'GenerationFinished') continue;
      if (before > last || generation === null) {
        inbox.onGap();
        continue;
      }
      generation = { ...generation, ...state };
      yield* told({ event, before }, generation);
      if (event.type === 'GenerationFinished') return;
    }
  } finally {
    leave();
  }
}
