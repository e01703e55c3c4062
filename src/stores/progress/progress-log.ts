import type { GenerationEvent, ProgressEvent } from '../../domain/event.js';
import type { Generation } from '../../domain/generation.js';

/**
 * What happened to each generation, in the order of its numbers. A generation has one writer and any number of readers; a reader that is
 * slow or comes back late misses nothing and delays no other.
 */
export interface ProgressLog {
  /**
   * Appends an event, which its writer has numbered. GenerationFinished is the last.
   *
   * @param generation as it is after the event
   */
  append(generation: Generation, event: GenerationEvent): Promise<void>;
  /**
   * Every event after number `after`, then live, with heartbeats in silence, until the last event or the signal. A reader that
   * begins beyond the end is told the last event, whatever its number. Null where the log is not (or no longer) kept.
   */
  read(id: string, after: number, signal: AbortSignal): Promise<AsyncIterable<ProgressEvent> | null>;
  /** Ends all reading. */
  close(): Promise<void>;
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
