import {
  type Attributes,
  type Context,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';

/**
 * Spans of a generation, named after its stages:
 *
 *     generation ── image ── queue
 *                         ├─ load, encode_prompt, decode, encode_output …
 *                         └─ denoise ── step, step, …
 *
 * An image that several generations wait for hangs under the one that began it; the others link to it, since a span has
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

  /** Begins under the active context: the request that asked. */
  constructor(at: number, attributes: Attributes) {
    this.#span = tracer.startSpan('generation', { startTime: at, attributes });
  }

  /** As collectors name the trace, 32 hexadecimal digits; null where nothing is traced. */
  get traceId(): string | null {
    const address = this.#span.spanContext();
    return trace.isSpanContextValid(address) ? address.traceId : null;
  }

  /** Under which the images that this generation begins hang, in whichever process. */
  get traceparent(): string | null {
    return traceparentOf(this.#span);
  }

  cache(outcome: 'HIT' | 'SHARED' | 'MISS'): void {
    this.#span.setAttribute('inkstone.cache', outcome);
  }

  /** An image that another generation has begun: the `traceparent` of its span. */
  sharedFrom(producer: string | null): void {
    const context = spanContextOf(producer);
    if (context !== null) this.#span.addLink({ context });
  }

  end({ at, problem }: GenerationEnd): void {
    if (problem !== null) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
    this.#span.end(at);
  }
}

export class ImageSpan {
  readonly #span: Span;
  readonly #context: Context;
  readonly #open = new Map<string, Span>();
  #ended = false;

  private constructor(parent: Context, at: number, attributes: Attributes) {
    this.#span = tracer.startSpan('image', { startTime: at, attributes }, parent);
    this.#context = trace.setSpan(parent, this.#span);
  }

  /** @param traceparent of the generation that asked first; null where nothing is traced */
  static under(traceparent: string | null, at: number, attributes: Attributes): ImageSpan {
    const parent = spanContextOf(traceparent);
    const context = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);
    return new ImageSpan(context, at, attributes);
  }

  /** What others link to; null where nothing is traced. */
  get traceparent(): string | null {
    return traceparentOf(this.#span);
  }

  /** `DENOISE` becomes the span `denoise`. */
  stageStarted(stage: string, at: number): void {
    this.#open.set(stage, tracer.startSpan(stage.toLowerCase(), { startTime: at }, this.#context));
  }

  stageFinished(stage: string, at: number): void {
    this.#open.get(stage)?.end(at);
    this.#open.delete(stage);
  }

  /** one model call, inside of the stage that is open. */
  step(at: number, durationMs: number, attributes: Attributes): void {
    const stage = [...this.#open.values()].at(-1);
    const parent = stage === undefined ? this.#context : trace.setSpan(this.#context, stage);
    tracer.startSpan('step', { startTime: at - durationMs, attributes }, parent).end(at);
  }

  /** Once; what comes later is not heard. */
  end(at: number, problem: string | null): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stage of this.#open.values()) stage.end(at);
    this.#open.clear();
    if (problem !== null) this.#span.setStatus({ code: SpanStatusCode.ERROR, message: problem });
    this.#span.end(at);
  }
}

/** As the `traceparent` header has it; null where nothing is traced. @see https://www.w3.org/TR/trace-context/ */
function traceparentOf(span: Span): string | null {
  const context = span.spanContext();
  if (!trace.isSpanContextValid(context)) return null;
  return `00-${context.traceId}-${context.spanId}-${(context.traceFlags & TraceFlags.SAMPLED).toString(16).padStart(2, '0')}`;
}

function spanContextOf(traceparent: string | null): SpanContext | null {
  const [, traceId, spanId, flags] = traceparent?.split('-') ?? [];
  if (traceId === undefined || spanId === undefined || flags === undefined) return null;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
}
