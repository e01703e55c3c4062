import { randomUUID } from 'node:crypto';
import type { SpanContext } from '@opentelemetry/api';
import { addressOf, type ImageStore } from '../cache/image-store.js';
import type { Joined, JoinOptions, SingleFlightLru } from '../cache/single-flight-lru.js';
import type { EngineEvent, Pixels } from '../engine/job.js';
import { encodeMaster } from '../imaging/master.js';
import type { Dispatcher } from '../jobs/dispatcher.js';
import type { GenerationSpan, PictureSpan } from '../telemetry/spans.js';
import type { Clock } from './clock.js';
import { inOrder } from './in-order.js';
import type { PictureOrder } from './picture-order.js';
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
  readonly dispatcher: Dispatcher<Pixels, EngineEvent>;
  readonly memory: PictureMemory;
  readonly images: ImageStore;
  readonly store: GenerationStore;
  readonly deadlineMs: number;
  readonly clock: Clock;
}

/** Pictures that are being made: one flight and one job each, however many wait for it. */
export class Flights {
  readonly #parts: FlightParts;
  readonly #running = new Set<Promise<unknown>>();

  constructor(parts: FlightParts) {
    this.#parts = parts;
  }

  /** How many of these pictures nobody is making yet. */
  notFlying(orders: readonly PictureOrder[]): number {
    return orders.filter(({ fingerprint }) => !this.#parts.memory.flying(fingerprint)).length;
  }

  /** A place in the flight that makes the picture; begun, in the asking generation's span, if there is none. */
  join(order: PictureOrder, span: GenerationSpan, options: JoinOptions<FlightEvent>): Joined<Picture, FlightEvent> {
    return this.#parts.memory.join(
      order.fingerprint,
      (signal, emit) => {
        const making = this.#make(order, span, signal, emit);
        this.#running.add(making);
        const over = () => this.#running.delete(making);
        making.then(over, over);
        return making;
      },
      options,
    );
  }

  /** Resolves when no flight is in the air, landed or wound down. */
  async grounded(): Promise<void> {
    await Promise.allSettled([...this.#running]);
  }

  /** Dispatch → encode → store. (To remember it is the memory's part.) */
  async #make(
    order: PictureOrder,
    generationSpan: GenerationSpan,
    signal: AbortSignal,
    emit: (event: FlightEvent) => void,
  ): Promise<Picture> {
    const { clock, images, store } = this.#parts;
    const span = generationSpan.picture(clock.now(), { 'inkstone.fingerprint': order.fingerprint });
    emit({ type: 'launched', producer: span.address });
    try {
      const pixels = await this.#dispatch(order, span, signal, emit);
      const picture = await timed(clock, span, emit, async () => {
        const { png, thumbhash } = await encodeMaster(pixels, order.recipe);
        signal.throwIfAborted();
        const { width, height } = pixels;
        const { fingerprint, recipe } = order;
        const id = addressOf(png);
        const made = { id, width, height, thumbhash, seed: recipe.seed, fingerprint, bytes: png.length };
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

  async #dispatch(
    { work }: PictureOrder,
    span: PictureSpan,
    signal: AbortSignal,
    emit: (event: FlightEvent) => void,
  ): Promise<Pixels> {
    const { dispatcher, clock, deadlineMs } = this.#parts;
    const relay = inOrder(emit);
    span.stageStarted('QUEUE', clock.now());
    const job = { id: randomUUID(), tenant: 'anonymous', work, deadlineMs, traceparent: span.traceparent };
    try {
      return await dispatcher.submit(job, {
        signal,
        onPosition: (position) => emit({ type: 'position', position }),
        onStart() {
          span.stageFinished('QUEUE', clock.now());
          emit({ type: 'started' });
        },
        onEvent(event) {
          record(span, event);
          relay.add(event);
        },
      });
    } finally {
      await relay.done();
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

function record(span: PictureSpan, event: EngineEvent): void {
  if (event.type === 'stage-started') span.stageStarted(event.stage, event.at);
  else if (event.type === 'stage-finished') span.stageFinished(event.stage, event.at);
  else span.step(event.at, event.durationMs, { 'inkstone.step': event.step, 'inkstone.sigma': event.sigma });
}
