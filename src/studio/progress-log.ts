import type { Generation, ProgressEvent } from './types.js';

/** An event before the log has given it its place. */
export type ProgressDraft = DistributiveOmit<Exclude<ProgressEvent, { type: 'Heartbeat' }>, 'sequence'>;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/**
 * What happened to each generation, in order, numbered from 1 without gaps. A generation has one writer and any number of
 * readers; a reader that is slow or comes back late misses nothing and holds nobody up.
 */
export interface ProgressLog {
  /** Appends an event, of a generation that is thereby known, and returns its number. GenerationFinished is the last. */
  append(id: string, draft: ProgressDraft): number;
  /**
   * Every event after number `after`, then live, with heartbeats in silence, until the last event or the signal. A reader that
   * begins beyond the end is told the last event, whatever its number. Null where the log is not (or no longer) kept.
   */
  read(id: string, after: number, signal: AbortSignal): AsyncIterable<ProgressEvent> | null;
}

/** What is left to say about a generation whose log is gone. */
export function lastEvent(generation: Generation, sequence: number): ProgressEvent {
  return { type: 'GenerationFinished', sequence, at: generation.finishedAt ?? generation.createdAt, generation };
}
