import type { Metrics } from '../../telemetry/metrics.js';
import { type Middleware, templateOf } from '../route.js';

/** Counts each request and how long its answer took to begin. */
export function measure(metrics: Pick<Metrics, 'request'>): Middleware {
  return (next) => async (request, context) => {
    if (context.route?.quiet) return next(request, context);
    const at = performance.now();
    const response = await next(request, context);
    const route = context.route === null ? 'none' : templateOf(context.route);
    metrics.request(performance.now() - at, { method: request.method, route, status: response.status });
    return response;
  };
}
