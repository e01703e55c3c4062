import { GenerationSpan } from '../telemetry/spans.js';
import { admit } from './admission.js';
import { readForAdvice } from './advice/read.js';
import { withinOf } from './clock.js';
import { whole } from './expected.js';
import { improved, initialGeneration, spanAttributes } from './initial-generation.js';
import { LiveGeneration } from './live-generation.js';
import { toModel } from './model.js';
import type { Order } from './order.js';
import { type PictureOrder, pictureFingerprints, pictureOrders } from './picture-order.js';
import { interrupted } from './problem-record.js';
import { NotCached, NotFound, QueueFull } from './problems.js';
import { lastEvent } from './progress-log.js';
import { readEdit } from './request/edit.js';
import { readGenerate } from './request/generate.js';
import { readRefine } from './request/refine.js';
import type { Picture } from './store/generation-store.js';
import { type StoredPictures, storePictures } from './stored-pictures.js';
import type { StudioParts } from './studio-parts.js';
import type {
  EditRequest,
  GenerateRequest,
  Generation,
  ProgressEvent,
  RefineRequest,
  Studio,
  SubmitOptions,
  VariantRequest,
} from './types.js';

/** The use cases: look up → dispatch → encode → remember. */
export class InkstoneStudio implements Studio {
  readonly #parts: StudioParts;
  readonly #live = new Map<string, LiveGeneration>();
  #closing = false;

  constructor(parts: StudioParts) {
    this.#parts = parts;
  }

  generate(request: GenerateRequest, options: SubmitOptions): Promise<Generation> {
    return this.#submit(() => readGenerate(request, this.#parts.reader), options);
  }

  edit(request: EditRequest, options: SubmitOptions): Promise<Generation> {
    return this.#submit(() => readEdit(request, this.#parts.reader, options.signal), options);
  }

  refine(request: RefineRequest, options: SubmitOptions): Promise<Generation> {
    return this.#submit(() => readRefine(request, this.#parts.reader, options.signal), options);
  }

  async #submit(read: () => Promise<Order>, { waitMs, signal }: SubmitOptions): Promise<Generation> {
    signal.throwIfAborted();
    const wait = whole('waitMs', waitMs, 0, this.#parts.waitLimitMs);
    const order = await read();
    const recalled = await this.#lookUp(order);
    signal.throwIfAborted();
    this.#refuseWhenClosing();

    const generation = initialGeneration(order, this.#parts.clock.now());
    const pictures = recalled.flatMap((picture) => picture ?? []);
    if (pictures.length === recalled.length) return this.#remembered(generation, pictures);
    if (order.policy === 'ONLY') throw notCached(generation.fingerprint);
    const stored = await this.#keep(order, signal);
    const live = this.#begin(generation, pictureOrders(order.canonical, stored), recalled);
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
    if (sequence !== from) yield lastEvent(stored.generation, sequence);
  }

  variant(id: string, request: VariantRequest, signal?: AbortSignal) {
    return this.#parts.variants.get(id, request, signal);
  }

  ready(): boolean {
    return this.#unready() === null;
  }

  async notReady(): Promise<string | null> {
    await this.#parts.disk.look();
    return this.#unready();
  }

  #unready(): string | null {
    const { reader, loaded, disk, store } = this.#parts;
    const [first] = reader.catalog;
    if (this.#closing) return 'The server is stopping.';
    if (!store.alive()) return 'The records cannot be read.';
    if (!disk.writable) return 'Nothing can be stored.';
    return first !== undefined && loaded().has(first.id) ? null : 'The model is being loaded.';
  }

  async close(graceMs: number): Promise<void> {
    this.#closing = true;
    const { clock, flights, closeStores } = this.#parts;
    const all = () => Promise.all([...this.#live.values()].map(({ finished }) => finished));
    await withinOf(clock, graceMs, all());
    await Promise.all([...this.#live.values()].map((live) => live.interrupt(interrupted)));
    // Engines stop between steps; what takes longer is cut off.
    await withinOf(clock, 2000, flights.grounded());
    this.#parts.disk.close();
    await closeStores();
  }

  /**
   * What is remembered of each picture; nothing where the client could not have asked for it before, or wants it anew. (Anew
   * is whatever is being made at this moment: REFRESH joins a flight like any other request, so that many of them cost one.)
   */
  async #lookUp({ canonical, drawn, policy }: Order): Promise<readonly (Picture | null)[]> {
    const fingerprints = pictureFingerprints(canonical);
    const anew = drawn || policy === 'REFRESH';
    return anew ? fingerprints.map(() => null) : this.#parts.records.recall(fingerprints);
  }

  /** What came with the request is on disk before its generation is told: a crash takes neither. */
  async #keep({ given, canonical }: Order, signal: AbortSignal): Promise<StoredPictures | null> {
    if (given === null) return null;
    // Nothing is written for a request that has no place in the queue.
    const { dispatcher, flights, sources } = this.#parts;
    admit(dispatcher, flights.jobsFor(pictureFingerprints(canonical)));
    const stored = await storePictures(given, sources);
    signal.throwIfAborted();
    this.#refuseWhenClosing();
    return stored;
  }

  /** All pictures are there: the generation is over when it begins. */
  async #remembered(initial: Generation, pictures: readonly Picture[]): Promise<Generation> {
    const generation: Generation = {
      ...initial,
      ...improved(pictures[0]!),
      status: 'SUCCEEDED',
      cache: 'HIT',
      step: initial.totalSteps,
      imageIds: pictures.map(({ id }) => id),
      finishedAt: initial.createdAt,
    };
    const span = new GenerationSpan(generation.createdAt, spanAttributes(generation));
    span.cache('HIT');
    // Durable before it is told, like any other, where anything can be written: repeats share their writes to the disk, so that this
    // costs well under a millisecond and no time of this thread.
    await this.#parts.records.save({ generation, lastSequence: 1 });
    span.end({ at: this.#parts.clock.now(), problem: null });
    return generation;
  }

  /** Takes off. Everything in here happens in one turn, so that nothing comes between counting and joining. */
  #begin(
    generation: Generation,
    orders: readonly PictureOrder[],
    recalled: readonly (Picture | null)[],
  ): LiveGeneration {
    const { dispatcher, flights, progress, clock, records, unexpected } = this.#parts;
    const wanted = orders.map((order, i) => ({ order, picture: recalled[i] ?? null }));
    const missing = wanted.flatMap(({ order, picture }) => (picture === null ? [order.fingerprint] : []));
    admit(dispatcher, flights.jobsFor(missing));
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

  #refuseWhenClosing(): void {
    if (this.#closing)
      throw new QueueFull('The server is stopping and takes no new work. Try again in 1 s.', 1000, 'SERVER_STOPPING');
  }
}

const unknownGeneration = (id: string) =>
  new NotFound(`There is no generation ${JSON.stringify(id.slice(0, 60))}.`, {
    type: 'Generation',
    id: id.slice(0, 60),
  });

const notCached = (fingerprint: string) =>
  new NotCached('Nothing is remembered for this request. Send it with cache: DEFAULT to have it made.', fingerprint);
