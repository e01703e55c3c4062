import { QueueIsFull } from '../jobs/dispatcher.js';
import type { GenerationSpan } from '../telemetry/spans.js';
import type { Clock } from './clock.js';
import type { FlightEvent, Flights } from './flights.js';
import { improved } from './initial-generation.js';
import type { PictureOrder } from './picture-order.js';
import { type PictureState, queuePosition, sums } from './picture-state.js';
import { toProblemRecord } from './problem-record.js';
import type { ProgressDraft, ProgressLog } from './progress-log.js';
import type { Picture } from './store/generation-store.js';
import { added } from './timings.js';
import type { Generation, GenerationStatus, ProblemRecord } from './types.js';

export interface LiveParts {
  readonly flights: Flights;
  readonly log: ProgressLog;
  readonly clock: Clock;
  readonly span: GenerationSpan;
  /** Makes the finished generation durable. Its last event will have that number. */
  readonly save: (generation: Generation, lastSequence: number) => Promise<void>;
  /** For failures that nobody expected. */
  readonly unexpected: (error: unknown, generation: string) => void;
}

/**
 * A generation from its first event to its last: the waiter in its pictures' flights. It keeps one record, replaced at every
 * event, and its log.
 */
export class LiveGeneration {
  readonly finished: Promise<Generation>;
  readonly #parts: LiveParts;
  readonly #pictures: readonly PictureState[];
  readonly #leave = new AbortController();
  readonly #resolveFinished: (generation: Generation) => void;
  #current: Generation;
  #lastAt: number;
  #lastSequence = 0;
  #ending = false;
  /** What its flights tell before its own log has begun. */
  #early: Heard[] | null = [];
  /** Stages of a job are told to each of its pictures. */
  readonly #heard = new Set<FlightEvent>();

  /**
   * @param initial the generation as it is before any of its missing pictures has begun
   * @param pictures by index: remembered ones, and orders for all
   */
  constructor(
    initial: Generation,
    pictures: readonly { order: PictureOrder; picture: Picture | null }[],
    parts: LiveParts,
  ) {
    this.#parts = parts;
    this.#lastAt = initial.createdAt;
    this.#pictures = pictures.map(({ order, picture }) => {
      const { forwards } = order;
      return { order, picture, step: picture === null ? 0 : forwards, totalSteps: forwards, position: null };
    });
    this.#current = { ...initial, ...sums(this.#pictures) };
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

  /** Joins the flights of the pictures that are missing. Returns at once; what happens is in the log and in `finished`. */
  begin(): void {
    const { flights, span } = this.#parts;
    const missing = [...this.#pictures.keys()].filter((index) => this.#pictures[index]!.picture === null);
    const orders = missing.map((index) => this.#pictures[index]!.order);
    const joined = flights.join(orders, span, {
      signal: this.#leave.signal,
      onEvent: (i, event) => this.#hear({ index: missing[i]!, event }),
    });
    for (const { outcome, history } of joined) if (outcome === 'SHARED') this.#link(history);
    const launched = joined.some(({ outcome }) => outcome === 'MISS');
    this.#current = { ...this.#current, cache: launched ? 'MISS' : 'SHARED' };
    span.cache(this.#current.cache);
    this.#beginLog(joined.flatMap(({ history }, i) => history.map((event) => ({ index: missing[i]!, event }))));
    const landings = joined.map(({ landed }, i) => landed.then((picture) => this.#landed(missing[i]!, picture)));
    Promise.all(landings).then(
      () => this.#end('SUCCEEDED', null),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Leaves the flights; others may still want them. Resolves with the generation as it ended, whoever ended it. */
  cancel(): Promise<Generation> {
    this.#end('CANCELLED', null);
    return this.finished;
  }

  /** The program is ending. */
  interrupt(problem: ProblemRecord): Promise<Generation> {
    this.#end('FAILED', problem);
    return this.finished;
  }

  /** A first event of its own, then whatever its flights have told so far. */
  #beginLog(history: readonly Heard[]): void {
    const told = [...history, ...(this.#early ?? [])];
    this.#early = null;
    for (const { index, event } of told) {
      if (event.type === 'position') this.#pictures[index]!.position = event.position;
      if (event.type === 'started') this.#pictures[index]!.position = null;
    }
    const position = queuePosition(this.#pictures);
    this.#update({ queuePosition: position }, { type: 'GenerationQueued', position: position ?? 0 });
    for (const heard of told) if (heard.event.type !== 'position') this.#hear(heard);
  }

  #hear({ index, event }: Heard): void {
    if (this.#ending) return;
    if (this.#early !== null) {
      this.#early.push({ index, event });
      return;
    }
    const state = this.#pictures[index]!;
    switch (event.type) {
      case 'launched':
        break;
      case 'position':
        state.position = event.position;
        this.#announcePosition();
        break;
      case 'started':
        state.position = null;
        this.#current = { ...this.#current, status: 'RUNNING', queuePosition: queuePosition(this.#pictures) };
        break;
      case 'stage-started':
        if (this.#hasHeard(event)) break;
        this.#update({}, { type: 'StageStarted', stage: event.stage }, event.at);
        break;
      case 'stage-finished': {
        if (this.#hasHeard(event)) break;
        const { stage, durationMs } = event;
        const timings = added(this.#current.timings, { stage, durationMs });
        this.#update({ timings }, { type: 'StageFinished', stage, durationMs }, event.at);
        break;
      }
      case 'step': {
        const { step, totalSteps, sigma, preview } = event;
        state.step = step;
        state.totalSteps = totalSteps;
        const draft = { type: 'StepFinished', image: index, step, totalSteps, sigma, preview } as const;
        this.#update(sums(this.#pictures), draft, event.at);
        break;
      }
    }
  }

  /** Only what a client would see: the place of the picture that is served first. */
  #announcePosition(): void {
    const position = queuePosition(this.#pictures);
    if (position === this.#current.queuePosition) return;
    if (position === null || this.#current.status !== 'QUEUED') {
      this.#current = { ...this.#current, queuePosition: position };
      return;
    }
    this.#update({ queuePosition: position }, { type: 'GenerationQueued', position });
  }

  #hasHeard(event: FlightEvent): boolean {
    const before = this.#heard.has(event);
    this.#heard.add(event);
    return before;
  }

  #landed(index: number, picture: Picture): void {
    const state = this.#pictures[index]!;
    state.picture = picture;
    state.step = state.totalSteps;
    if (!this.#ending) this.#current = { ...this.#current, ...sums(this.#pictures), ...improved(picture) };
  }

  #fail(error: unknown): void {
    if (this.#ending) return;
    const problem = toProblemRecord(error);
    if (problem.code === 'Failed' && !(error instanceof QueueIsFull)) this.#parts.unexpected(error, this.#current.id);
    this.#end('FAILED', problem);
  }

  /** Once; whatever comes after the first end is not heard. */
  #end(status: GenerationStatus, problem: ProblemRecord | null): void {
    if (this.#ending) return;
    this.#ending = true;
    const finishedAt = this.#monotonous(this.#parts.clock.now());
    this.#current = { ...this.#current, status, problem, finishedAt, queuePosition: null };
    // Harmless where all have landed; otherwise the place in what is left of the flights is given up.
    this.#leave.abort(new Error(`The generation is ${status}.`));
    this.#parts.span.end({ at: finishedAt, problem: problem?.code ?? null });
    const last = this.#current;
    this.#parts
      .save(last, this.#lastSequence + 1)
      // The picture is safe; only the record of this generation's end is not.
      .catch((error: unknown) => this.#parts.unexpected(error, last.id))
      .finally(() => {
        // Told when it is durable, so that nobody hears of an end that a crash could take back.
        this.#append({ type: 'GenerationFinished' }, finishedAt);
        this.#resolveFinished(last);
      });
  }

  #update(changes: Partial<Generation>, draft: WithoutContext, at: number = this.#parts.clock.now()): void {
    this.#current = { ...this.#current, ...changes };
    this.#append(draft, at);
  }

  #append(draft: WithoutContext, at: number): void {
    const event = { ...draft, at: this.#monotonous(at), generation: this.#current } as ProgressDraft;
    this.#lastSequence = this.#parts.log.append(this.#current.id, event);
  }

  /** What a flight did before this generation joined it is told as if it had just happened. */
  #monotonous(at: number): number {
    this.#lastAt = Math.max(this.#lastAt, at);
    return this.#lastAt;
  }

  #link(history: readonly FlightEvent[]): void {
    const launched = history.find((event) => event.type === 'launched');
    if (launched !== undefined) this.#parts.span.sharedFrom(launched.producer);
  }
}

/** What a flight told of the picture with that index. */
interface Heard {
  readonly index: number;
  readonly event: FlightEvent;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
type WithoutContext = DistributiveOmit<ProgressDraft, 'at' | 'generation'>;
