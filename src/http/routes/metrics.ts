import type { MetricSources } from '../../telemetry/metrics.js';
import { text } from '../responses.js';
import type { Route } from '../route.js';

/** Where the metrics of this process are read. */
export interface MetricsReader {
  /** In Prometheus' text format. */
  read(): Promise<string>;
  /** Jobs of the queue that this process knows. */
  queuedJobs: NonNullable<MetricSources['queuedJobs']>;
}

/** For Prometheus. */
export function metrics({ read }: MetricsReader): Route {
  return {
    ...{ path: '/metrics', methods: ['GET'], access: 'key', refusals: 'text', quiet: true },
    handle: async () => text(200, await read(), { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }),
  };
}

/** For autoscalers: how many jobs wait and run, of all models and of each. */
export function queueMetrics({ queuedJobs }: MetricsReader): Route {
  return {
    ...{ path: '/metrics/queue', methods: ['GET'], access: 'key', refusals: 'text', quiet: true },
    async handle() {
      const jobs = await queuedJobs();
      const sum = (state: string, model?: string) =>
        jobs.reduce(
          (all, job) => (job.state === state && (model ?? job.model) === job.model ? all + job.jobs : all),
          0,
        );
      const models = [...new Set(jobs.map(({ model }) => model))].sort();
      const counts = (model?: string) => ({ waiting: sum('waiting', model), running: sum('running', model) });
      const whole = counts();
      return Response.json(
        {
          ...{ ...whole, jobs: whole.waiting + whole.running },
          models: Object.fromEntries(models.map((model) => [model, counts(model)])),
        },
        { headers: { 'cache-control': 'no-store' } },
      );
    },
  };
}
