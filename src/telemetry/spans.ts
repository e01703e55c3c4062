import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  type SpanContext,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

/**
 * Spans of a generation, named after its stages:
 *
 *     generation ── picture ── queue
 *                           ├─ load, encode_prompt, decode, encode_output …
 *                           └─ denoise ── step, step, …
 *
 * A picture that several generations wait for hangs under the one that began it; the others link to it, since a span has
 * one parent. Times come from the events, because the work is done in another process. Without a registered SDK all of this
 * is the API's no-op.
 */
const tracer = trace.getTracer('inkstone');

/** How a generation ended. */
export interface GenerationEnd {
  readonly at: number;
  /** What went wrong, in a word; null when nothing did. */
  readonly problem: string | null;
}

export class GenerationSpan {
  readonly #span: Span;
  readonly #context: Context;

  /** Begins under the active context: the request that asked. */
  constructor(at: number, attributes: Attributes) {
    this.#span = tracer.startSpan('generation', { startTime: at, attributes });
    this.#context = trace.setSpan(context.active(), this.#span);
  }

  /** A picture that this generation has begun. */
  picture(at: number, attributes: Attributes): PictureSpan {
    return new PictureSpan(this.#context, at, attributes);
  }

  cache(outcome: 'HIT' | 'SHARED' | 'MISS'): void {
    this.#span.setAttribute('inkstone.cache', outcome);
  }

  /** A picture that somebody else has begun. */
  sharedFrom(producer: SpanContext): void {
    const link: Link = { context: producer };
    this.#span.addLink(link);
  }

  end({ at, problem }: GenerationEnd): void {
    if (problem !== null) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
    this.#span.end(at);
  }
}

export class PictureSpan {
  readonly #span: Span;
  readonly #context: Context;
  readonly #open = new Map<string, Span>();

  constructor(parent: Context, at: number, attributes: Attributes) {
    this.#span = tracer.startSpan('picture', { startTime: at, attributes }, parent);
    this.#context = trace.setSpan(parent, this.#span);
  }

  /** What others link to. */
  get address(): SpanContext {
    return this.#span.spanContext();
  }

  /** For a job that runs elsewhere; null where nobody traces. @see https://www.w3.org/TR/trace-context/ */
  get traceparent(): string | null {
    const { traceId, spanId, traceFlags } = this.address;
    if (!trace.isSpanContextValid(this.address)) return null;
    return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0')}`;
  }

  /** `DENOISE` becomes the span `denoise`. */
  stageStarted(stage: string, at: number): void {
    this.#open.set(stage, tracer.startSpan(stage.toLowerCase(), { startTime: at }, this.#context));
  }

  stageFinished(stage: string, at: number): void {
    this.#open.get(stage)?.end(at);
    this.#open.delete(stage);
  }

  /** One forward, inside of the stage that is open. */
  step(at: number, durationMs: number, attributes: Attributes): void {
    const stage = [...this.#open.values()].at(-1);
    const parent = stage === undefined ? this.#context : trace.setSpan(this.#context, stage);
    tracer.startSpan('step', { startTime: at - durationMs, attributes }, parent).end(at);
  }

  end(at: number, problem: string | null): void {
    for (const stage of this.#open.values()) stage.end(at);
    this.#open.clear();
    if (problem !== null) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
    this.#span.end(at);
  }
}
