import type { FinishedImage, GenerationEvent } from '../domain/event.js';
import type { Generation } from '../domain/generation.js';
import type { JobEvent } from '../domain/job.js';
import { type Plan, SEQUENCES_PER_OWNER } from '../domain/plan.js';
import type { ProblemRecord } from '../domain/problem.js';
import type { Clock } from '../environment/clock.js';
import type { Queue } from '../jobs/queue.js';
import { type ProgressLog, StaleWriter } from '../stores/progress/progress-log.js';
import type { GenerationSpan } from '../telemetry/spans.js';
import { reduce } from './state.js';

export interface RunningParts {
  readonly queue: Queue;
  readonly log: ProgressLog;
  readonly clock: Clock;
  readonly span: GenerationSpan;
  /** Makes the finished generation durable. Its last event will have that number. @throws StaleWriter when another process owns it */
  readonly save: (generation: Generation, lastSequence: number) => Promise<void>;
  /** For failures that are a fault of this program. */
  readonly unexpected: (error: unknown, generation: string) => void;
  /** Called when it has ended. */
  readonly ended: (generation: Generation, traceId: string | null) => void;
}

type Ending = Exclude<Generation['status'], 'QUEUED' | 'RUNNING'>;

/**
 * A generation in the process that owns it: it waits for its jobs, turns what happens to them into numbered events, and folds those into
 * its state.
 */
export class RunningGeneration {
  /** Resolves with the generation as it ended. */
  readonly finished: Promise<Generation>;
  readonly plan: Plan;
  readonly #parts: RunningParts;
  readonly #resolveFinished: (generation: Generation) => void;
  readonly #finishedImages = new Map<number, FinishedImage['image']>();
  /** Requests that wait before each image's job; null while it does not wait. */
  readonly #positions: (number | null)[];
  /** Keys of events that several images of one model call report. */
  readonly #reported = new Set<string>();
  /** ENCODE_OUTPUT of an image, which is reported together with the image. */
  readonly #outputs = new Map<number, JobEvent & { type: 'stage-finished' }>();
  /** Events of its jobs from before its own log began. */
  #early: { readonly index: number; readonly event: JobEvent }[] | null = [];
  #current: Generation;
  #sequence: number;
  #lastAt: number;
  #over = false;

  /** @param initial the generation as it is before any of its missing images has begun */
  constructor(initial: Generation, plan: Plan, parts: RunningParts) {
    this.plan = plan;
    this.#parts = parts;
    this.#current = initial;
    this.#sequence = plan.takeovers * SEQUENCES_PER_OWNER;
    this.#lastAt = initial.createdAt;
    this.#positions = plan.jobs.map(() => null);
    let resolveFinished: (generation: Generation) => void = () => {};
    this.finished = new Promise((resolve) => {
      resolveFinished = resolve;
    });
    this.#resolveFinished = resolveFinished;
  }

  /** As it is now. */
  get current(): Generation {
    return this.#current;
  }

  /**
   * Joins the jobs of the images that are missing. What happens is in the log and in `finished`.
   *
   * @param force the generation was accepted before, however many wait now
   * @throws QueueFull, and then nothing has begun
   */
  async begin({ force = false } = {}): Promise<void> {
    const { queue, span } = this.#parts;
    const missing = this.plan.jobs.flatMap((job, index) =>
      this.#current.images[index]!.imageId === null ? [{ job, index }] : [],
    );
    const joined = await queue.add(
      missing.map(({ job }) => job),
      { id: this.#current.id, onEvent: (i, event) => this.#onJobEvent(missing[i]!.index, event) },
      { force },
    );
    const cache = joined.every(({ outcome }) => outcome === 'SHARED') ? 'SHARED' : 'MISS';
    this.#current = { ...this.#current, cache };
    span.cache(cache);
    this.#beginLog(joined.flatMap(({ history }, i) => history.map((event) => ({ index: missing[i]!.index, event }))));
  }

  /** Leaves its jobs; others may still want them. Resolves with the generation as it ended, however it did. */
  cancel(): Promise<Generation> {
    this.#end('CANCELLED', null);
    return this.finished;
  }

  /** This process ends: nothing more is told or written, and another one goes on. */
  release(): void {
    if (this.#over) return;
    this.#leave();
    this.abandon();
  }

  /** Another process goes on with it, and with what it waits for: nothing more is told or written. `finished` resolves as it is. */
  abandon(): void {
    if (this.#over) return;
    this.#over = true;
    this.#parts.span.end({ at: this.#parts.clock.now(), problem: 'released' });
    this.#resolveFinished(this.#current);
  }

  /** A first event of its own, then the events of its jobs so far. */
  #beginLog(history: readonly { index: number; event: JobEvent }[]): void {
    const events = [...history, ...(this.#early ?? [])];
    this.#early = null;
    for (const { index, event } of events) this.#place(index, event);
    this.#append({ type: 'GenerationQueued', position: this.#position() ?? 0 });
    for (const { index, event } of events) if (event.type !== 'position') this.#onJobEvent(index, event);
    this.#endIfComplete();
  }

  #onJobEvent(index: number, event: JobEvent): void {
    if (this.#over) return;
    if (this.#early !== null) {
      this.#early.push({ index, event });
      return;
    }
    switch (event.type) {
      case 'position':
        this.#place(index, event);
        this.#announcePosition();
        break;
      case 'started':
        this.#place(index, event);
        if (this.#current.cache === 'SHARED') this.#parts.span.sharedFrom(event.traceparent);
        break;
      case 'stage-started':
        if (this.#isNews(`+${event.key}`)) this.#append({ type: 'StageStarted', stage: event.stage }, event.at);
        break;
      case 'stage-finished':
        if (event.stage === 'ENCODE_OUTPUT') this.#outputs.set(index, event);
        else if (this.#isNews(`-${event.key}`)) this.#appendStage(event, null);
        break;
      case 'step': {
        const { step, totalSteps, sigma, preview, at } = event;
        this.#append({ type: 'StepFinished', image: index, step, totalSteps, sigma, preview }, at);
        break;
      }
      case 'finished': {
        const { id, regions } = event.image;
        this.#finish(index, { id, regions });
        break;
      }
      case 'failed':
        this.#end('FAILED', event.problem);
        break;
    }
  }

  #finish(index: number, image: FinishedImage['image']): void {
    this.#finishedImages.set(index, image);
    const output = this.#outputs.get(index);
    if (output !== undefined) this.#appendStage(output, { index, image });
    this.#endIfComplete();
  }

  #endIfComplete(): void {
    const { images } = this.#current;
    if (images.every(({ imageId }, i) => imageId !== null || this.#finishedImages.has(i))) this.#end('SUCCEEDED', null);
  }

  #place(index: number, event: JobEvent): void {
    if (event.type === 'position') this.#positions[index] = event.position;
    if (event.type === 'started') this.#positions[index] = null;
  }

  /** Of the image that is served first; null when none waits. */
  #position(): number | null {
    const waiting = this.#positions.filter((position) => position !== null);
    return waiting.length === 0 ? null : Math.min(...waiting);
  }

  #announcePosition(): void {
    const position = this.#position();
    if (position === null || position === this.#current.queuePosition || this.#current.status !== 'QUEUED') return;
    this.#append({ type: 'GenerationQueued', position });
  }

  #isNews(key: string): boolean {
    const isNews = !this.#reported.has(key);
    this.#reported.add(key);
    return isNews;
  }

  /** Once; events after the first end are ignored. */
  #end(status: Ending, problem: ProblemRecord | null): void {
    if (this.#over) return;
    this.#over = true;
    this.#leave();
    const finished = [...this.#finishedImages]
      .map(([index, image]) => ({ index, image }))
      .sort((a, b) => a.index - b.index);
    const event = this.#numbered({ type: 'GenerationFinished', status, problem, finished }, this.#parts.clock.now());
    const last = reduce(this.#current, event);
    this.#current = last;
    this.#parts.span.end({ at: event.at, problem: problem?.code ?? null });
    this.#parts.ended(last, this.#parts.span.traceId);
    this.#parts
      .save(last, event.sequence)
      // The images are safe; only the record of this generation's end is not.
      .catch((error: unknown) => this.#failed(error, { rethrowStale: true }))
      // Reported when it is durable: a crash could take back an end that was reported before.
      .then(() => this.#parts.log.append(last, event))
      .catch((error: unknown) => this.#failed(error))
      .finally(() => this.#resolveFinished(last));
  }

  /** Harmless where all have finished. */
  #leave(): void {
    this.#parts.queue
      .leave(this.#current.id)
      .catch((error: unknown) => this.#parts.unexpected(error, this.#current.id));
  }

  #appendStage({ stage, durationMs, at }: JobEvent & { type: 'stage-finished' }, finished: FinishedImage | null): void {
    this.#append({ type: 'StageFinished', stage, durationMs, finished }, at);
  }

  #append(draft: Draft, at: number = this.#parts.clock.now()): void {
    const event = this.#numbered(draft, at);
    this.#current = reduce(this.#current, event);
    this.#parts.log.append(this.#current, event).catch((error: unknown) => this.#failed(error));
  }

  #failed(error: unknown, { rethrowStale = false } = {}): void {
    if (!(error instanceof StaleWriter)) this.#parts.unexpected(error, this.#current.id);
    else if (rethrowStale) throw error;
    else this.abandon();
  }

  /** Events of a job from before this generation joined it get the time at which it joined. */
  #numbered(draft: Draft, at: number): GenerationEvent {
    this.#lastAt = Math.max(this.#lastAt, at);
    return { ...draft, at: this.#lastAt, sequence: ++this.#sequence } as GenerationEvent;
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type Draft = DistributiveOmit<GenerationEvent, 'at' | 'sequence'>;
