import { unlessAborted } from '../cache/single-flight-lru.js';
import type { EngineEvent, Made, Pixels, Region } from '../engine/job.js';
import type { SubmitOptions } from '../jobs/dispatcher.js';
import type { PictureSpan } from '../telemetry/spans.js';
import type { Clock } from './clock.js';
import type { FlightEvent } from './flights.js';
import { inOrder } from './in-order.js';

/** A picture's place in a job: where its flight hears of it, and when it has been left. */
export interface Seat {
  readonly span: PictureSpan;
  readonly emit: (event: FlightEvent) => void;
  readonly signal: AbortSignal;
}

export interface Drawn {
  readonly pixels: Pixels;
  /** Where a refinement improved it. */
  readonly regions: readonly Region[];
}

/**
 * Pictures that one job makes. Each flight hears its own steps and all the stages. The job stops when every flight has been left by
 * all; its failure is everybody's.
 */
export class Batch {
  readonly #seats: Seat[] = [];
  readonly #abort = new AbortController();
  readonly #made: Promise<Made>;
  #settle: (made: Promise<Made>) => void = () => {};
  #left = 0;

  constructor() {
    this.#made = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Before the job begins. The promise is of the picture with this seat's number, in the order of boarding. */
  async board(seat: Seat): Promise<Drawn> {
    const index = this.#seats.push(seat) - 1;
    const leave = () => {
      if (++this.#left === this.#seats.length) this.#abort.abort(seat.signal.reason);
    };
    seat.signal.addEventListener('abort', leave, { once: true });
    const { pictures, regions } = await unlessAborted(seat.signal, this.#made);
    return { pixels: pictures[index]!, regions };
  }

  /** Does the job, for all who have boarded. */
  begin(clock: Clock, submit: (options: SubmitOptions<EngineEvent>) => Promise<Made>): Promise<Made> {
    const made = this.#work(clock, submit);
    this.#settle(made);
    return made;
  }

  async #work(clock: Clock, submit: (options: SubmitOptions<EngineEvent>) => Promise<Made>): Promise<Made> {
    const relay = inOrder((event, picture) => this.#tell(event, picture));
    for (const { span } of this.#seats) span.stageStarted('QUEUE', clock.now());
    try {
      return await submit({
        signal: this.#abort.signal,
        onPosition: (position) => this.#tell({ type: 'position', position }, null),
        onStart: () => {
          for (const { span } of this.#seats) span.stageFinished('QUEUE', clock.now());
          this.#tell({ type: 'started' }, null);
        },
        onEvent: (event) => {
          this.#record(event);
          relay.add(event);
        },
      });
    } finally {
      await relay.done();
    }
  }

  /** The same event to all, so that who waits for several pictures can tell that it happened once. */
  #tell(event: FlightEvent, picture: number | null): void {
    if (picture !== null) this.#seats[picture]?.emit(event);
    else for (const { emit } of this.#seats) emit(event);
  }

  #record(event: EngineEvent): void {
    if (event.type === 'step') {
      const attributes = { 'inkstone.step': event.step, 'inkstone.sigma': event.sigma };
      this.#seats[event.image]?.span.step(event.at, event.durationMs, attributes);
      return;
    }
    for (const { span } of this.#seats) {
      if (event.type === 'stage-started') span.stageStarted(event.stage, event.at);
      else span.stageFinished(event.stage, event.at);
    }
  }
}
