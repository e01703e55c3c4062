import { randomUUID } from 'node:crypto';
import type { SpanContext } from '@opentelemetry/api';
import { addressOf, type ImageStore } from '../cache/image-store.js';
import type { Joined, SingleFlightLru } from '../cache/single-flight-lru.js';
import type { EngineEvent, Made } from '../engine/job.js';
import { encodeMaster } from '../imaging/master.js';
import type { Dispatcher, Job } from '../jobs/dispatcher.js';
import type { GenerationSpan, PictureSpan } from '../telemetry/spans.js';
import { Batch, type Seat } from './batch.js';
import type { Clock } from './clock.js';
import { effortOf, type PictureOrder, together } from './picture-order.js';
import type { GenerationStore, Picture } from './store/generation-store.js';
import type { Stage } from './types.js';

/** What everybody who waits for a picture hears, from the beginning, whenever they joined. */
export type FlightEvent =
  | { readonly type: 'launched'; readonly producer: SpanContext }
  /** Jobs that wait before this one. */
  | { readonly type: 'position'; readonly position: number }
  | { readonly type: 'started' }
  | { readonly type: 'stage-started'; readonly stage: Stage; readonly at: number }
  | { readonly type: 'stage-finished'; readonly stage: Stage; readonly at: number; readonly durationMs: number }
  | {
      readonly type: 'step';
      readonly at: number;
      readonly step: number;
      readonly totalSteps: number;
      readonly sigma: number;
      readonly preview: string | null;
    };

export type PictureMemory = SingleFlightLru<Picture, FlightEvent>;

export interface FlightParts {
  readonly dispatcher: Dispatcher<Made, EngineEvent>;
  readonly memory: PictureMemory;
  readonly images: ImageStore;
  readonly store: GenerationStore;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

/** Pictures that are being made: one flight each, however many wait for it; those that are begun together are one job. */
export class Flights {
  readonly #parts: FlightParts;
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: FlightParts) {
    this.#parts = parts;
  }

  /** How many jobs it takes to make those of the pictures that nobody is making yet. */
  jobsFor(fingerprints: readonly string[]): number {
    return fingerprints.every((fingerprint) => this.#parts.memory.flying(fingerprint)) ? 0 : 1;
  }

  /**
   * Places in the flights that make these pictures, in their order. Those that nobody makes yet are begun, in the asking
   * generation's span.
   *
   * @param orders of one request: they differ in nothing but their seeds
   */
  join(
    orders: readonly PictureOrder[],
    span: GenerationSpan,
    { signal, onEvent }: { signal: AbortSignal; onEvent: (index: number, event: FlightEvent) => void },
  ): readonly Joined<Picture, FlightEvent>[] {
    const { memory, dispatcher, clock, deadlineMs } = this.#parts;
    const batch = new Batch();
    const launched: { order: PictureOrder; span: PictureSpan }[] = [];
    const joined = orders.map((order, index) =>
      memory.join(
        order.fingerprint,
        (flightSignal, emit) => {
          const picture = span.picture(clock.now(), { 'inkstone.fingerprint': order.fingerprint });
          launched.push({ order, span: picture });
          return this.#following(this.#make(order, batch, { span: picture, signal: flightSignal, emit }));
        },
        { signal, onEvent: (event) => onEvent(index, event) },
      ),
    );
    const [first] = launched;
    if (first === undefined) return joined;
    const job: Job = {
      id: randomUUID(),
      tenant: 'anonymous',
      work: together(launched.map(({ order }) => order)),
      effort: launched.reduce((sum, { order }) => sum + effortOf(order), 0),
      // A job may take so long for each of its pictures.
      deadlineMs: deadlineMs * launched.length,
      traceparent: first.span.traceparent,
    };
    this.#following(batch.begin(clock, (options) => dispatcher.submit(job, options)));
    return joined;
  }

  /** Resolves when no flight is in the air, landed or wound down. */
  async grounded(): Promise<void> {
    await Promise.allSettled([...this.#running]);
  }

  #following<T>(making: Promise<T>): Promise<T> {
    this.#running.add(making);
    const over = () => this.#running.delete(making);
    making.then(over, over);
    return making;
  }

  /** The job's part → encode → store. (To remember it is the memory's part.) */
  async #make(order: PictureOrder, batch: Batch, seat: Seat): Promise<Picture> {
    const { clock, images, store } = this.#parts;
    const { span, signal, emit } = seat;
    emit({ type: 'launched', producer: span.address });
    try {
      const { pixels, regions } = await batch.board(seat);
      const picture = await timed(clock, span, emit, async () => {
        const { png, thumbhash } = await encodeMaster(pixels, order.recipe);
        signal.throwIfAborted();
        const { width, height } = pixels;
        const { fingerprint, recipe } = order;
        const id = addressOf(png);
        const made = { id, width, height, thumbhash, seed: recipe.seed, fingerprint, bytes: png.length, regions };
        // Both are durable before anybody hears of the picture. A record whose file a power cut took is no memory: whoever recalls
        // it looks for the file.
        await Promise.all([images.put(png), store.savePicture(made, clock.now())]);
        return made;
      });
      span.end(clock.now(), null);
      return picture;
    } catch (error) {
      span.end(clock.now(), signal.aborted ? 'cancelled' : (error as Error).message);
      throw error;
    }
  }
}

/** ENCODE_OUTPUT is the only stage that the studio makes itself. */
async function timed<T>(
  clock: Clock,
  span: PictureSpan,
  emit: (event: FlightEvent) => void,
  work: () => Promise<T>,
): Promise<T> {
  const stage = 'ENCODE_OUTPUT';
  const at = clock.now();
  const start = performance.now();
  emit({ type: 'stage-started', stage, at });
  span.stageStarted(stage, at);
  const result = await work();
  const end = clock.now();
  span.stageFinished(stage, end);
  emit({ type: 'stage-finished', stage, at: end, durationMs: performance.now() - start });
  return result;
}
