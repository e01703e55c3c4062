import { context, propagation, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { getOperationAST } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { isHealthCheck } from './health.js';

const tracer = trace.getTracer('inkstone');

/**
 * A span for the HTTP request, under the caller's `traceparent`, and one for the operation, named as the conventions have it. What
 * the studio does hangs under them. Only in the list when somebody collects spans.
 * https://opentelemetry.io/docs/specs/semconv/graphql/graphql-spans
 */
export function useTracing(): Plugin {
  return {
    instrumentation: {
      request({ request }, wrapped) {
        const { pathname } = new URL(request.url);
        // Orchestrators ask every few seconds.
        if (isHealthCheck(pathname)) return wrapped();
        const parent = propagation.extract(context.active(), Object.fromEntries(request.headers));
        const route = routeOf(pathname);
        const attributes = {
          'http.request.method': request.method,
          'url.path': pathname,
          ...(route === null ? {} : { 'http.route': route }),
        };
        const name = route === null ? request.method : `${request.method} ${route}`;
        return within(name, { kind: SpanKind.SERVER, attributes }, parent, wrapped);
      },
      execute: (_payload, wrapped) => within('operation', { kind: SpanKind.INTERNAL }, context.active(), wrapped),
    },
    // Still within the request's span.
    onResponse({ response }) {
      const span = trace.getActiveSpan();
      span?.setAttribute('http.response.status_code', response.status);
      // What a client did wrong is no error of this server.
      if (response.status >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    },
    // By now it is known which operation it is.
    onExecute({ args }) {
      const operation = getOperationAST(args.document, args.operationName);
      const span = trace.getActiveSpan();
      if (operation == null || span === undefined) return;
      span.updateName(operation.operation);
      span.setAttribute('graphql.operation.type', operation.operation);
      if (operation.name !== undefined) span.setAttribute('graphql.operation.name', operation.name.value);
    },
  };
}

const routes = new Set(['/', '/graphql', '/login', '/schema.graphql']);

/** An image's hash in a span's name, or whatever somebody asks for, would make each name one of a kind. */
function routeOf(path: string): string | null {
  if (path.startsWith('/images/')) return '/images/{id}';
  return routes.has(path) ? path : null;
}

function within<T>(
  name: string,
  options: Parameters<typeof tracer.startSpan>[1],
  parent: ReturnType<typeof context.active>,
  wrapped: () => T,
): T {
  const span = tracer.startSpan(name, options, parent);
  const end = (result: T): T => {
    span.end();
    return result;
  };
  try {
    const result = context.with(trace.setSpan(parent, span), wrapped);
    return isPromise(result) ? (result.then(end, (error: unknown) => fail(span, error)) as T) : end(result);
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
function isPromise<T>(value: T): value is T & PromiseLike<T> {
  return typeof (value as { then?: unknown } | null)?.then === 'function';
}
