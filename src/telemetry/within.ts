import { type Context, context, type Span, type SpanOptions, SpanStatusCode, trace } from '@opentelemetry/api';

const tracer = trace.getTracer('inkstone');

/** Does `work` inside of a span below `parent`, which ends with it and holds the error with which it fails. */
export function within<T>(name: string, options: SpanOptions, parent: Context, work: (span: Span) => T): T {
  const span = tracer.startSpan(name, options, parent);
  const end = (result: Awaited<T>): Awaited<T> => {
    span.end();
    return result;
  };
  try {
    const result = context.with(trace.setSpan(parent, span), () => work(span));
    return isPromise(result)
      ? (result.then(end as never, (error: unknown) => fail(span, error)) as T)
      : end(result as Awaited<T>);
  } catch (error) {
    return fail(span, error);
  }
}

function fail(span: Span, error: unknown): never {
  span.recordException(error as Error);
  span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
  throw error;
}

/** Yoga also gives promises of its own making. */
function isPromise<T>(value: T): value is T & PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null)?.then === 'function';
}
