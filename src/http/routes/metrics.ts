import type { QueueMetrics } from '../../jobs/queue.js';
import { text } from '../responses.js';
import type { Route } from '../route.js';

/** Where the metrics of this process are read. */
export interface MetricsReader {
  /** In Prometheus' text format. */
  read(): Promise<string>;
  /** Of the queue that this process knows. */
  queue(): Promise<QueueMetrics>;
}

/** For Prometheus. */
export function metrics({ read }: MetricsReader): Route {
  return {
    ...{ path: '/metrics', methods: ['GET'], access: 'key', refusals: 'text', quiet: true },
    handle: async () => text(200, await read(), { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  };
}

/** For autoscalers: `jobs` is how many wait, with and without a turn, and run. */
export function queueMetrics({ queue }: MetricsReader): Route {
  return {
    ...{ path: '/metrics/queue', methods: ['GET'], access: 'key', refusals: 'text', quiet: true },
    async handle() {
      const { counts, models, oldestMs } = await queue();
      const jobs = counts.waiting + counts.prioritized + counts.active;
      return Response.json({ jobs, ...counts, oldestMs, models }, { headers: { 'cache-control': 'no-store' } });
    },
  };
}
