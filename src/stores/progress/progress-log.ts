import type { GenerationEvent, ProgressEvent } from '../../domain/event.js';
import type { Generation } from '../../domain/generation.js';

/**
 * What happened to each generation, in the order of its numbers. A generation has one writer and any number of readers; a reader that is
 * slow or comes back late misses nothing and delays no other.
 */
export interface ProgressLog {
  /**
   * Appends an event, which its writer has numbered. GenerationFinished is the last. The same event sent twice is appended once.
   *
   * @param generation as it is after the event
   * @throws StaleWriter when another writer has gone on
   */
  append(generation: Generation, event: GenerationEvent): Promise<void>;
  /**
   * Every event after number `after`, then live, with heartbeats in silence, until the last event or the signal. A reader that
   * begins beyond the end is told the last event, whatever its number; one that begins before events that had to make room is told a
   * Heartbeat with the number of the last of those. Null where the log is not (or no longer) kept.
   */
  read(id: string, after: number, signal: AbortSignal): Promise<AsyncIterable<ProgressEvent> | null>;
  /** The generations as their last events left them, in the order of the ids; null for those whose log is not (or no longer) kept. */
  states(ids: readonly string[]): Promise<readonly (Generation | null)[]>;
  /** Ends all reading. */
  close(): Promise<void>;
}

/** Another writer has taken the generation over and told more than this one knows. */
export class StaleWriter extends Error {
  override readonly name = 'StaleWriter';
  constructor() {
    super('Another process goes on with this generation.');
  }
}

/** What is left to say about a finished generation whose log is gone. */
export function lastEvent(generation: Generation, sequence: number): ProgressEvent {
  const { status, problem, finishedAt, createdAt, images, regions } = generation;
  return {
    type: 'GenerationFinished',
    sequence,
    at: finishedAt ?? createdAt,
    status: status as 'SUCCEEDED' | 'FAILED' | 'CANCELLED',
    problem,
    finished: images.flatMap(({ imageId }, index) =>
      imageId === null ? [] : [{ index, image: { id: imageId, regions } }],
    ),
    generation,
  };
}
