import type { Caller } from '../domain/caller.js';
import type { ProgressEvent } from '../domain/event.js';
import type { Generation } from '../domain/generation.js';
import type { ImageRecord } from '../domain/image.js';
import { MOST_TAKEOVERS, type Plan, SEQUENCES_PER_OWNER } from '../domain/plan.js';
import type { ProblemRecord } from '../domain/problem.js';
import { NotCached, NotFound, QueueFull } from '../domain/problems.js';
import { whole } from '../domain/validation.js';
import type { VariantRequest } from '../domain/variant.js';
import { withinOf } from '../environment/clock.js';
import { queueUnavailable } from '../jobs/queue.js';
import type { StoredGeneration } from '../stores/generations/generation-store.js';
import { lastEvent, StaleWriter } from '../stores/progress/progress-log.js';
import { RedisUnavailable } from '../stores/redis/redis.js';
import { GenerationSpan } from '../telemetry/spans.js';
import { readForAdvice } from './advice/read.js';
import { imageFingerprint, imagesOf } from './canonical.js';
import { initialGeneration, spanAttributes } from './initial-generation.js';
import { areCurrent, type JobContext, jobsOf } from './jobs-of.js';
import { toModel } from './model.js';
import { Sweeper } from './ownership/sweeper.js';
import { interrupted, outdated } from './problem-record.js';
import { readEdit } from './request/edit.js';
import { readGenerate } from './request/generate.js';
import type { RequestContext } from './request/reader.js';
import { readRefine } from './request/refine.js';
import type { ResolvedRequest } from './resolved-request.js';
import { RunningGeneration } from './running-generation.js';
import type { ServiceParts } from './service-parts.js';
import { reduce, withImages } from './state.js';
import { storeInputs } from './stored-images.js';
import type { EditRequest, GenerateRequest, RefineRequest, SubmitOptions, UseCases } from './types.js';

/** For the owner of a generation to cancel it, in ms. */
const CANCEL_WAIT_MS = 5000;
/** Between two looks for a log that its owner has not begun yet, in ms. */
const LOG_POLL_MS = 100;

/** The use cases: read the request → look up its images → queue jobs for those that are missing. */
export class GenerationService implements UseCases {
  readonly #parts: ServiceParts;
  /** Generations that this process owns, by id. */
  readonly #running = new Map<string, RunningGeneration>();
  #closing = false;
  #closed: Promise<void> | null = null;

  readonly #sweeper: Sweeper | null;

  constructor(parts: ServiceParts) {
    this.#parts = parts;
    const { ownership, store, clock, unexpected } = parts;
    const { leaseMs } = ownership;
    const adopt = (id: string) => this.#adopt(id);
    this.#sweeper =
      leaseMs === null ? null : new Sweeper(leaseMs, { ownership, store, clock, adopt, failed: unexpected });
    ownership.listen({
      onCancel: (id) => void this.#running.get(id)?.cancel(),
      onLost: (id) => this.#running.get(id)?.abandon(),
      onHandedOver: (id) => this.#sweeper?.handedOver(id),
    });
  }

  generate(caller: Caller, request: GenerateRequest, options: SubmitOptions): Promise<Generation> {
    return this.#submit(caller, (requestContext) => readGenerate(request, requestContext), options);
  }

  edit(caller: Caller, request: EditRequest, options: SubmitOptions): Promise<Generation> {
    return this.#submit(caller, (requestContext) => readEdit(request, requestContext, options.signal), options);
  }

  refine(caller: Caller, request: RefineRequest, options: SubmitOptions): Promise<Generation> {
    return this.#submit(caller, (requestContext) => readRefine(request, requestContext, options.signal), options);
  }

  async #submit(
    caller: Caller,
    read: (requestContext: RequestContext) => Promise<ResolvedRequest>,
    { waitMs, signal }: SubmitOptions,
  ): Promise<Generation> {
    signal.throwIfAborted();
    const wait = whole('waitMs', waitMs, 0, this.#parts.waitLimitMs);
    const sources = this.#parts.sources.forRequest();
    // A request that waits for its answer holds no decoded image meanwhile.
    const { generation, images, recalled, resolved, stored } = await this.#prepared(
      caller,
      () => read({ ...this.#parts.requestContext, sources }),
      signal,
    ).finally(() => sources.leave());
    const known = recalled.flatMap((image) => image ?? []);
    if (known.length === recalled.length) return this.#answerFromCache(generation, known);
    const context = this.#contextOf(caller, resolved, generation.id);
    const plan = (traceparent: string | null) => ({
      jobs: jobsOf(images, stored, { ...context, traceparent }),
      takeovers: 0,
    });
    return this.#answer(await this.#begin(generation, plan, recalled), wait, signal);
  }

  /** Everything up to the first step, the images that came with the request in the store. */
  async #prepared(caller: Caller, read: () => Promise<ResolvedRequest>, signal: AbortSignal) {
    const { inputImages, ...resolved } = await read();
    const images = imagesOf(resolved.canonical).map((image) => ({ image, fingerprint: imageFingerprint(image) }));
    const recalled = await this.#lookUp(
      resolved,
      images.map(({ fingerprint }) => fingerprint),
    );
    signal.throwIfAborted();
    this.#refuseWhenClosing();
    const generation = initialGeneration({ ...resolved, inputImages }, caller.tenant, this.#parts.clock.now());
    const known = { generation, images, recalled, resolved };
    if (recalled.every((image) => image !== null)) return { ...known, stored: null };
    if (resolved.policy === 'ONLY') throw notCached(generation.fingerprint);
    if (inputImages === null) return { ...known, stored: null };
    const context = this.#contextOf(caller, resolved, generation.id);
    // Nothing is written for a request that has no place in the queue.
    const places = images.map(({ fingerprint }) => ({ ...context, fingerprint }));
    await this.#parts.queue.capacity(places);
    // Input images are on disk before the client has the generation's id: a crash takes neither.
    const stored = await storeInputs(inputImages, this.#parts.sources);
    signal.throwIfAborted();
    this.#refuseWhenClosing();
    return { ...known, stored };
  }

  async cancel(caller: Caller, id: string): Promise<Generation> {
    const generation = await this.generation(caller, id);
    if (generation === null) throw unknownGeneration(id);
    const live = this.#running.get(id);
    if (live !== undefined) return live.cancel();
    return generation.finishedAt === null ? this.#cancelElsewhere(caller, generation) : generation;
  }

  /** By its owner; where that is gone, by this process. */
  async #cancelElsewhere(caller: Caller, generation: Generation): Promise<Generation> {
    const { ownership, clock } = this.#parts;
    const { id } = generation;
    await available(ownership.requestCancel(id));
    const reading = new AbortController();
    const end = this.#endOf(caller, id, reading.signal);
    await withinOf(clock, CANCEL_WAIT_MS, end).finally(() => reading.abort());
    const ended = await end;
    if (ended !== null) return ended;
    await this.#adopt(id);
    return (await this.#running.get(id)?.cancel()) ?? (await this.generation(caller, id)) ?? generation;
  }

  /** Null where the signal comes before it. */
  async #endOf(caller: Caller, id: string, signal: AbortSignal): Promise<Generation | null> {
    for await (const event of this.progress(caller, id, 0, signal))
      if (event.type === 'GenerationFinished') return event.generation;
    return null;
  }

  async generation(caller: Caller, id: string): Promise<Generation | null> {
    const [generation] = await this.generations(caller, [id]);
    return generation ?? null;
  }

  async generations({ tenant }: Caller, ids: readonly string[]): Promise<readonly (Generation | null)[]> {
    const elsewhere = ids.filter((id) => !this.#running.has(id));
    const stored = elsewhere.length === 0 ? [] : await this.#parts.records.generations(elsewhere);
    const found = new Map(stored.map((record, i) => [elsewhere[i]!, record?.generation ?? null]));
    for (const generation of await this.#asTold([...found.values()])) found.set(generation.id, generation);
    const generations = ids.map((id) => this.#running.get(id)?.current ?? found.get(id) ?? null);
    return generations.map((generation) => (generation?.tenant === tenant ? generation : null));
  }

  /** Those that other processes own, as their logs have them. */
  async #asTold(generations: readonly (Generation | null)[]): Promise<readonly Generation[]> {
    const { ownership, progress } = this.#parts;
    const unfinished = generations.flatMap((generation) => (generation?.finishedAt === null ? [generation.id] : []));
    if (ownership.leaseMs === null || unfinished.length === 0) return [];
    // What is stored is older, and better than nothing.
    const told = await progress.states(unfinished).catch(() => []);
    return told.flatMap((generation) => generation ?? []);
  }

  async image(caller: Caller, id: string) {
    const [image] = await this.images(caller, [id]);
    return image ?? null;
  }

  images(_caller: Caller, ids: readonly string[]) {
    return this.#parts.records.images(ids);
  }

  promptAdvice(_caller: Caller, prompt: string, model: string | null) {
    return readForAdvice(prompt, model, this.#parts.requestContext);
  }

  async models(caller: Caller) {
    const models = await Promise.all(this.#parts.requestContext.catalog.map(({ id }) => this.model(caller, id)));
    return models.filter((model) => model !== null);
  }

  async model(_caller: Caller, id: string) {
    const { catalog, usable } = this.#parts.requestContext;
    const entry = catalog.find((candidate) => candidate.id === id);
    if (entry === undefined || (await usable.modelFinding(id)) !== null) return null;
    const findings = await Promise.all(entry.loras.map((lora) => usable.loraFinding(id, lora.id)));
    const loras = entry.loras.filter((_, i) => findings[i] === null);
    return toModel({ ...entry, loras }, this.#parts.loaded().has(id));
  }

  async *progress(caller: Caller, id: string, after: number, signal: AbortSignal): AsyncGenerator<ProgressEvent> {
    const from = whole('after', after, 0, Number.MAX_SAFE_INTEGER);
    if ((await this.generation(caller, id)) === null) throw unknownGeneration(id);
    const left = this.#parts.subscribed();
    try {
      for (;;) {
        const events = await available(this.#parts.progress.read(id, from, signal));
        if (events !== null) return yield* events;
        const [stored] = await this.#parts.records.generations([id]);
        if (stored == null) throw unknownGeneration(id);
        const sequence = stored.lastSequence ?? from + 1;
        const isOver = stored.generation.finishedAt !== null;
        if (isOver && sequence !== from) yield lastEvent(stored.generation, sequence);
        if (isOver || this.#parts.ownership.leaseMs === null || signal.aborted) return;
        // Its owner has not told anything yet.
        await new Promise<void>((resolve) => this.#parts.clock.after(LOG_POLL_MS, resolve));
      }
    } finally {
      left();
    }
  }

  variant(id: string, request: VariantRequest, signal?: AbortSignal) {
    return this.#parts.variants.get(id, request, signal);
  }

  queueMetrics() {
    return this.#parts.queue.metrics();
  }

  ready(): boolean {
    return this.#unready() === null;
  }

  async notReady(): Promise<string | null> {
    await this.#parts.disk.look();
    return this.#unready() ?? (await this.#parts.away());
  }

  #unready(): string | null {
    const { requestContext, loaded, disk, store } = this.#parts;
    const first = requestContext.catalog.find(({ id }) => requestContext.usable.knownFinding(id) === null);
    if (this.#closing) return 'The server is stopping.';
    if (!store.alive()) return 'The records cannot be read.';
    if (!disk.writable) return 'Nothing can be stored.';
    if (first === undefined) return 'There is no model that can be used.';
    return loaded().has(first.id) ? null : 'The model is being loaded.';
  }

  /**
   * Goes on with what another process left unfinished. Images that it finished are not made again.
   *
   * A generation that two processes before have taken over without an end is given up: it may be what ends them.
   */
  async takeOver(unfinished: readonly StoredGeneration[]): Promise<void> {
    for (const { generation } of unfinished) await this.#adopt(generation.id);
  }

  /** Nothing where another process owns it, or it has ended. */
  async #adopt(id: string): Promise<void> {
    const { ownership, store } = this.#parts;
    if (this.#closing || this.#running.has(id)) return;
    const claim = await available(ownership.claim(id));
    if (claim === null) return;
    try {
      const [stored] = await store.generations([id]);
      if (stored == null || stored.generation.finishedAt !== null) return await ownership.release(id);
      const { generation, plan } = stored;
      const { takeovers = 0, handovers = 0 } = plan ?? {};
      if (plan === null || takeovers - handovers >= MOST_TAKEOVERS) return await this.#giveUp(stored, interrupted);
      if (!areCurrent(plan.jobs)) return await this.#giveUp(stored, outdated);
      const next = { ...plan, takeovers: takeovers + 1, handovers: handovers + (claim.handedOver ? 1 : 0) };
      const running = await this.#goOn(generation, next);
      if (claim.cancelled) await running.cancel();
    } catch (error) {
      this.#running.get(id)?.abandon();
      await ownership.release(id).catch(() => {});
      throw error;
    }
  }

  async #goOn(generation: Generation, plan: Plan): Promise<RunningGeneration> {
    const { records } = this.#parts;
    const found = await records.recall(plan.jobs.map(({ fingerprint }) => fingerprint));
    const finished = plan.jobs.flatMap(({ reuse }, index) => {
      const image = found[index] ?? null;
      return image === null || !reuse ? [] : [{ index, image }];
    });
    const queued = { ...generation, status: 'QUEUED' as const, queuePosition: null, timings: [] };
    const images = plan.jobs.map((_, i) => ({ ...generation.images[i]!, step: 0, imageId: null }));
    const initial = withImages({ ...queued, images }, finished);
    await records.save({ generation: initial, lastSequence: null, plan });
    const running = this.#own(initial, plan, this.#spanOf(initial));
    await running.begin({ force: true });
    return running;
  }

  async #giveUp({ generation, plan }: StoredGeneration, problem: ProblemRecord): Promise<void> {
    const { clock, records, progress, ownership, ended } = this.#parts;
    const { id, images, regions } = generation;
    const sequence = ((plan?.takeovers ?? MOST_TAKEOVERS) + 1) * SEQUENCES_PER_OWNER + 1;
    const finished = images.flatMap(({ imageId }, index) =>
      imageId === null ? [] : [{ index, image: { id: imageId, regions } }],
    );
    const event = {
      type: 'GenerationFinished',
      at: clock.now(),
      sequence,
      status: 'FAILED',
      problem,
      finished,
    } as const;
    const failed = reduce(generation, event);
    ended(failed, null);
    await records.save({ generation: failed, lastSequence: sequence, plan: null });
    await progress.append(failed, event);
    await ownership.release(id);
  }

  /** Once: the server and the program both close it, and only one of them waits. */
  close(graceMs: number): Promise<void> {
    this.#closed ??= this.#close(graceMs);
    return this.#closed;
  }

  async #close(graceMs: number): Promise<void> {
    this.#closing = true;
    this.#sweeper?.end();
    const { clock, queue, progress, ownership, closeStores } = this.#parts;
    const all = () => Promise.all([...this.#running.values()].map(({ finished }) => finished));
    await withinOf(clock, graceMs, all());
    // What is left is gone on with by the next process; readers come back to it.
    const left = [...this.#running];
    for (const [, running] of left)
      if (ownership.leaseMs === null) running.release();
      else running.abandon();
    await Promise.all(left.map(([id]) => ownership.release(id, { handOver: true }).catch(() => {})));
    await ownership.close();
    await progress.close();
    // Engines stop between steps; what takes longer is cut off.
    await withinOf(clock, 2000, queue.idle());
    this.#parts.disk.close();
    await closeStores();
  }

  /**
   * What is remembered of each image; nothing where the client could not have asked for it before, or wants it anew. (Anew
   * is whatever is being made at this moment: REFRESH joins a running job like any other request, so that many of them cost one.)
   */
  async #lookUp(
    { randomSeed, policy }: Pick<ResolvedRequest, 'randomSeed' | 'policy'>,
    fingerprints: readonly string[],
  ): Promise<readonly (ImageRecord | null)[]> {
    const anew = randomSeed || policy === 'REFRESH';
    return anew ? fingerprints.map(() => null) : this.#parts.records.recall(fingerprints);
  }

  #contextOf(
    { tenant }: Caller,
    { policy }: Pick<ResolvedRequest, 'policy'>,
    request: string,
  ): Omit<JobContext, 'traceparent'> {
    const { deadlineMs } = this.#parts;
    return { tenant, caller: tenant, request, reuse: policy !== 'REFRESH', deadlineMs };
  }

  /** All images are there: the generation is over when it begins. */
  async #answerFromCache(initial: Generation, images: readonly ImageRecord[]): Promise<Generation> {
    const generation: Generation = {
      ...withImages(
        initial,
        images.map((image, index) => ({ index, image })),
      ),
      status: 'SUCCEEDED',
      cache: 'HIT',
      finishedAt: initial.createdAt,
    };
    const span = this.#spanOf(generation);
    span.cache('HIT');
    // Durable before it is told, like any other, where anything can be written: repeats share their writes to the disk, so that this
    // costs well under a millisecond and no time of this thread.
    await this.#parts.records.save({ generation, lastSequence: 1, plan: null });
    span.end({ at: this.#parts.clock.now(), problem: null });
    this.#parts.ended(generation, span.traceId);
    return generation;
  }

  /** Joins the queue. @throws QueueFull */
  async #begin(
    generation: Generation,
    plan: (traceparent: string | null) => Plan,
    recalled: readonly (ImageRecord | null)[],
  ): Promise<RunningGeneration> {
    const span = this.#spanOf(generation);
    const finished = recalled.flatMap((image, index) => (image === null ? [] : [{ index, image }]));
    const running = this.#own(withImages(generation, finished), plan(span.traceparent), span);
    const claimed = available(this.#parts.ownership.claim(generation.id));
    try {
      await Promise.all([running.begin(), claimed]);
    } catch (error) {
      await claimed.catch(() => {});
      running.release();
      throw error;
    }
    return running;
  }

  #own(generation: Generation, plan: Plan, span: GenerationSpan): RunningGeneration {
    const { queue, progress: log, clock, records, ownership, unexpected, ended } = this.#parts;
    const { id } = generation;
    const save = async (ended: Generation, lastSequence: number) => {
      if (!(await ownership.holds(id))) throw new StaleWriter();
      await records.save({ generation: ended, lastSequence, plan: null });
    };
    const running = new RunningGeneration(generation, plan, { queue, log, clock, span, save, unexpected, ended });
    this.#running.set(id, running);
    running.finished.then(() => {
      if (this.#running.get(id) === running) this.#running.delete(id);
      // When this process ends, what is left is handed over instead.
      if (!this.#closing) ownership.release(id).catch((error: unknown) => unexpected(error, id));
    });
    return running;
  }

  #spanOf(generation: Generation): GenerationSpan {
    return new GenerationSpan(generation.createdAt, spanAttributes(generation));
  }

  /** Tells the client its generation: finished, or as far as it has come in the time that the client waits. */
  async #answer(running: RunningGeneration, waitMs: number, signal: AbortSignal): Promise<Generation> {
    // A generation whose id did not reach its client cannot be asked for.
    const gone = () => void running.cancel();
    if (signal.aborted) gone();
    signal.addEventListener('abort', gone, { once: true });
    try {
      // An id that reached a client is there after a crash.
      await this.#parts.store.save({ generation: running.current, lastSequence: null, plan: running.plan });
      if (waitMs > 0) await withinOf(this.#parts.clock, waitMs, running.finished);
      signal.throwIfAborted();
      return running.current;
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

/** What needs Redis cannot be had while it does not answer. @throws QueueFull */
async function available<T>(answer: Promise<T>): Promise<T> {
  return answer.catch((error: unknown) => {
    throw error instanceof RedisUnavailable ? queueUnavailable() : error;
  });
}

const unknownGeneration = (id: string) =>
  new NotFound(`There is no generation ${JSON.stringify(id.slice(0, 60))}.`, {
    type: 'Generation',
    id: id.slice(0, 60),
  });

const notCached = (fingerprint: string) =>
  new NotCached(
    'The result cache has no image of this request. Send it with cache: DEFAULT to have it made.',
    fingerprint,
  );
