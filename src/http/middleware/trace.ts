import { context as active, propagation, SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { within } from '../../telemetry/within.js';
import { type Middleware, templateOf } from '../route.js';

/** A span for the HTTP request, under the caller's `traceparent`. What it asks for hangs under it. Only in the list when spans are collected. */
export function trace(): Middleware {
  return (next) => (request, context) => {
    const { url, route } = context;
    if (route?.quiet) return next(request, context);
    const parent = propagation.extract(active.active(), Object.fromEntries(request.headers));
    // By the route's template: an image's hash in a span's name, or a path that was made up, would make each name one of a kind.
    const template = route === null ? null : templateOf(route);
    const attributes = {
      'http.request.method': request.method,
      'url.path': url.pathname,
      ...(template === null ? {} : { 'http.route': template }),
    };
    const name = template === null ? request.method : `${request.method} ${template}`;
    return within(name, { kind: SpanKind.SERVER, attributes }, parent, async (span) => {
      const response = await next(request, context);
      span.setAttribute('http.response.status_code', response.status);
      // What a client did wrong is no error of this server.
      if (response.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
      return response;
    });
  };
}
