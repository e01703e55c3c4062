import { type Dispatcher, QueueIsFull } from '../jobs/dispatcher.js';
import { GenerationSpan } from '../telemetry/spans.js';
import { readForAdvice } from './advice/read.js';
import type { Clock } from './clock.js';
import { whole } from './expected.js';
import type { Flights } from './flights.js';
import { initialGeneration, spanAttributes } from './initial-generation.js';
import { LiveGeneration } from './live-generation.js';
import { toModel } from './model.js';
import { type PictureOrder, pictureOrders } from './picture-order.js';
import { interrupted } from './problem-record.js';
import { NotCached, NotFound, QueueFull } from './problems.js';
import { lastEvent, type ProgressLog } from './progress-log.js';
import type { Records } from './records.js';
import { type Order, type Reader, readRequest } from './request.js';
import type { GenerationStore, Picture } from './store/generation-store.js';
import type { GenerateRequest, Generation, ProgressEvent, Studio, SubmitOptions, VariantRequest } from './types.js';
import type { Variants } from './variants.js';

export interface StudioParts {
  readonly reader: Reader;
  readonly records: Records;
  readonly store: GenerationStore;
  readonly flights: Flights;
  readonly dispatcher: Pick<Dispatcher<unknown, unknown>, 'admit'>;
  readonly progress: ProgressLog;
  readonly variants: Variants;
  readonly clock: Clock;
  readonly waitLimitMs: number;
  /** Ids of the models in some engine's memory. */
  readonly loaded: () => ReadonlySet<string>;
  /** For failures that nobody expected: clients hear nothing but that. */
  readonly unexpected: (error: unknown, generation: string) => void;
  readonly closeStores: () => Promise<void>;
}

interface Wanted {
  readonly order: PictureOrder;
  /** Null where it has to be made. */
  readonly picture: Picture | null;
}

/** The use cases: look up → dispatch → encode → remember. */
export class InkstoneStudio implements Studio {
  readonly #parts: StudioParts;
  readonly #live = new Map<string, LiveGeneration>();
  #closing = false;

  constructor(parts: StudioParts) {
    this.#parts = parts;
  }

  async generate(request: GenerateRequest, { waitMs, signal }: SubmitOptions): Promise<Generation> {
    signal.throwIfAborted();
    const wait = whole('waitMs', waitMs, 0, this.#parts.waitLimitMs);
    const order = await readRequest(request, this.#parts.reader);
    const wanted = await this.#lookUp(order);
    signal.throwIfAborted();
    this.#refuseWhenClosing();

    const generation = initialGeneration(order, this.#parts.clock.now());
    if (wanted.every(({ picture }) => picture !== null)) return this.#remembered(generation, wanted);
    if (order.policy === 'ONLY') throw notCached(generation.fingerprint);
    const live = this.#begin(generation, wanted);
    return this.#answer(live, wait, signal);
  }

  async cancel(id: string): Promise<Generation> {
    const live = this.#live.get(id);
    if (live !== undefined) return live.cancel();
    const generation = await this.generation(id);
    if (generation === null) throw unknownGeneration(id);
    return generation;
  }

  async generation(id: string): Promise<Generation | null> {
    const [generation] = await this.generations([id]);
    return generation ?? null;
  }

  async generations(ids: readonly string[]): Promise<readonly (Generation | null)[]> {
    const elsewhere = ids.filter((id) => !this.#live.has(id));
    const stored = elsewhere.length === 0 ? [] : await this.#parts.records.generations(elsewhere);
    const found = new Map(stored.map((record, i) => [elsewhere[i]!, record?.generation ?? null]));
    return ids.map((id) => this.#live.get(id)?.current ?? found.get(id) ?? null);
  }

  async image(id: string) {
    const [image] = await this.images([id]);
    return image ?? null;
  }

  images(ids: readonly string[]) {
    return this.#parts.records.images(ids);
  }

  promptAdvice(prompt: string, model: string | null) {
    return readForAdvice(prompt, model, this.#parts.reader);
  }

  models() {
    const loaded = this.#parts.loaded();
    return this.#parts.reader.catalog.map((entry) => toModel(entry, loaded.has(entry.id)));
  }

  model(id: string) {
    return this.models().find((model) => model.id === id) ?? null;
  }

  async *progress(id: string, after: number, signal: AbortSignal): AsyncGenerator<ProgressEvent> {
    const from = whole('after', after, 0, Number.MAX_SAFE_INTEGER);
    const events = this.#parts.progress.read(id, from, signal);
    if (events !== null) {
      yield* events;
      return;
    }
    const [stored] = await this.#parts.records.generations([id]);
    if (stored == null) throw unknownGeneration(id);
    // How far an interrupted one had come is not known: whatever the client has seen, this comes after it.
    const sequence = stored.lastSequence ?? from + 1;
    if (sequence > from) yield lastEvent(stored.generation, sequence);
  }

  variant(id: string, request: VariantRequest) {
    return this.#parts.variants.get(id, request);
  }

  ready(): boolean {
    const [first] = this.#parts.reader.catalog;
    return !this.#closing && first !== undefined && this.#parts.loaded().has(first.id);
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const { clock, flights, closeStores } = this.#parts;
    const all = () => Promise.all([...this.#live.values()].map(({ finished }) => finished));
    await withinOf(clock, graceMs, all());
    await Promise.all([...this.#live.values()].map((live) => live.interrupt(interrupted)));
    // Engines stop between steps; what takes longer is cut off.
    await withinOf(clock, 2000, flights.grounded());
    await closeStores();
  }

  /**
   * What is remembered of each picture; nothing where the client could not have asked for it before, or wants it anew. (Anew
   * is whatever is being made at this moment: REFRESH joins a flight like any other request, so that many of them cost one.)
   */
  async #lookUp(order: Order): Promise<readonly Wanted[]> {
    const orders = pictureOrders(order.canonical);
    const anew = order.drawn || order.policy === 'REFRESH';
    const recalled = anew ? [] : await this.#parts.records.recall(orders.map(({ fingerprint }) => fingerprint));
    return orders.map((picture, i) => ({ order: picture, picture: recalled[i] ?? null }));
  }

  /** All pictures are there: the generation is over when it begins. */
  async #remembered(initial: Generation, wanted: readonly Wanted[]): Promise<Generation> {
    const generation: Generation = {
      ...initial,
      status: 'SUCCEEDED',
      cache: 'HIT',
      step: initial.totalSteps,
      imageIds: wanted.map(({ picture }) => picture!.id),
      finishedAt: initial.createdAt,
    };
    const span = new GenerationSpan(generation.createdAt, spanAttributes(generation));
    span.cache('HIT');
    // Durable before it is told, like any other: repeats share their writes to the disk, so that this costs well under a
    // millisecond and no time of this thread.
    await this.#parts.records.save({ generation, lastSequence: 1 });
    span.end({ at: this.#parts.clock.now(), problem: null });
    return generation;
  }

  /** Takes off. Everything in here happens in one turn, so that nothing comes between counting and joining. */
  #begin(generation: Generation, wanted: readonly Wanted[]): LiveGeneration {
    const { flights, progress, clock, records, unexpected } = this.#parts;
    const missing = wanted.filter(({ picture }) => picture === null).map(({ order }) => order);
    this.#admit(flights.notFlying(missing));
    const span = new GenerationSpan(generation.createdAt, spanAttributes(generation));
    const save = (ended: Generation, lastSequence: number) => records.save({ generation: ended, lastSequence });
    const live = new LiveGeneration(generation, wanted, { flights, log: progress, clock, span, save, unexpected });
    this.#live.set(generation.id, live);
    live.finished.then(() => this.#live.delete(generation.id));
    live.begin();
    return live;
  }

  /** Tells the client its generation: finished, or as far as it has come in the time that the client waits. */
  async #answer(live: LiveGeneration, waitMs: number, signal: AbortSignal): Promise<Generation> {
    // Nobody will ever ask for a generation whose id was not told.
    const gone = () => void live.cancel();
    if (signal.aborted) gone();
    signal.addEventListener('abort', gone, { once: true });
    try {
      // An id that was told is there after a crash.
      await this.#parts.store.save({ generation: live.current, lastSequence: null });
      if (waitMs > 0) await withinOf(this.#parts.clock, waitMs, live.finished);
      signal.throwIfAborted();
      return live.current;
    } catch (error) {
      gone();
      throw error;
    } finally {
      signal.removeEventListener('abort', gone);
    }
  }

  #admit(jobs: number): void {
    try {
      this.#parts.dispatcher.admit(jobs);
    } catch (error) {
      throw error instanceof QueueIsFull ? new QueueFull(error.message, error.retryAfterMs) : error;
    }
  }

  #refuseWhenClosing(): void {
    if (this.#closing) throw new QueueFull('The server is stopping and takes no new work. Try again in 1 s.', 1000);
  }
}

/** Waits for the promise, but not longer than that. */
async function withinOf(clock: Clock, ms: number, promise: Promise<unknown>): Promise<void> {
  let stop = () => {};
  const over = new Promise<void>((resolve) => {
    stop = clock.after(ms, resolve);
  });
  await Promise.race([promise, over]).finally(() => stop());
}

const unknownGeneration = (id: string) => new NotFound(`There is no generation ${JSON.stringify(id.slice(0, 60))}.`);

const notCached = (fingerprint: string) =>
  new NotCached('Nothing is remembered for this request. Send it with cache: DEFAULT to have it made.', fingerprint);
