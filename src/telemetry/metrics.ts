import type { Attributes, Counter, Histogram, Meter } from '@opentelemetry/api';

/** What waits and runs. */
export interface QueueCounts {
  readonly models: Readonly<Record<string, { readonly waiting: number; readonly running: number }>>;
  /** Milliseconds that the oldest waiting job has waited. */
  readonly oldestMs: number;
}

/** What is looked at when the metrics are read. */
export interface MetricSources {
  /** Left out where this process knows no queue. */
  readonly queue?: () => Promise<QueueCounts>;
  /** Resident memory of each engine's process, in bytes; left out where this process has none. */
  readonly engineMemory?: () => Promise<readonly number[]>;
}

/** Measures of before the start that are kept. */
const MOST_BEFORE = 1000;
/** Boundaries of durations in seconds: a cached repeat takes a millisecond, an image on a CPU a minute. */
const DURATIONS = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

/**
 * The measures of this process, by OpenTelemetry's names where it has them.
 *
 * Durations are in seconds, as its conventions have it. The SDK takes as long to load as the rest of the program, so that it is started
 * late; what happened before is counted then.
 *
 * @see https://opentelemetry.io/docs/specs/semconv/general/metrics/
 */
export class Metrics {
  #instruments: Instruments | null = null;
  /** What happened before the start, the first of it. */
  readonly #before: ((instruments: Instruments) => void)[] = [];
  #starting: Promise<void> | null = null;
  #read: (() => Promise<string>) | null = null;
  #subscriptions = 0;

  /** Loads the SDK, once. @param version of this program */
  start(version: string, sources: MetricSources): Promise<void> {
    this.#starting ??= this.#start(version, sources);
    return this.#starting;
  }

  async #start(version: string, sources: MetricSources): Promise<void> {
    const [{ PrometheusExporter, PrometheusSerializer }, { MeterProvider }, { resourceFromAttributes }] =
      await Promise.all([
        import('@opentelemetry/exporter-prometheus'),
        import('@opentelemetry/sdk-metrics'),
        import('@opentelemetry/resources'),
      ]);
    const reader = new PrometheusExporter({ preventServerStart: true });
    const resource = resourceFromAttributes({ 'service.name': 'inkstone', 'service.version': version });
    const provider = new MeterProvider({ readers: [reader], resource });
    const meter = provider.getMeter('inkstone', version);
    const instruments = instrumentsOf(meter);
    this.#instruments = instruments;
    for (const count of this.#before.splice(0)) count(instruments);
    observe(meter, sources, () => this.#subscriptions);
    const serializer = new PrometheusSerializer();
    this.#read = async () => serializer.serialize((await reader.collect()).resourceMetrics);
  }

  /** In Prometheus' text format; null before the start. @see https://prometheus.io/docs/instrumenting/exposition_formats/ */
  async read(): Promise<string | null> {
    return this.#read === null ? null : this.#read();
  }

  /** A generation that has ended. @param durationMs since it was asked for */
  generation(durationMs: number, attributes: { operation: string; status: string; cache: string }): void {
    this.#count(({ generations }) => generations.record(durationMs / 1000, prefixed(attributes)));
  }

  /** A job that has ended in this process. @param durationMs since a worker took it */
  job(durationMs: number, attributes: { model: string; outcome: 'finished' | 'failed' | 'cancelled' | 'found' }): void {
    this.#count(({ jobs }) => jobs.record(durationMs / 1000, prefixed(attributes)));
  }

  /** A stage of a job, such as DENOISE. */
  stage(durationMs: number, attributes: { stage: string }): void {
    this.#count(({ stages }) => stages.record(durationMs / 1000, prefixed(attributes)));
  }

  /** A subscription that is being read, until what is returned is called. */
  subscription(): () => void {
    this.#subscriptions++;
    return () => {
      this.#subscriptions--;
    };
  }

  /** A request that has been answered. @param route as the router names it, so that addresses of images are one */
  request(durationMs: number, attributes: { method: string; route: string; status: number }): void {
    const { method, route, status } = attributes;
    const conventional = {
      'http.request.method': method,
      'http.route': route,
      'http.response.status_code': status,
    };
    this.#count(({ requests }) => requests.record(durationMs / 1000, conventional));
  }

  /** An image that was answered, in the size and format that was asked for. */
  image(attributes: { outcome: 'found' | 'gone' | 'unknown' }): void {
    this.#count(({ images }) => images.add(1, prefixed(attributes)));
  }

  #count(count: (instruments: Instruments) => void): void {
    if (this.#instruments !== null) count(this.#instruments);
    else if (this.#before.length < MOST_BEFORE) this.#before.push(count);
  }
}

interface Instruments {
  readonly generations: Histogram;
  readonly jobs: Histogram;
  readonly stages: Histogram;
  readonly requests: Histogram;
  readonly images: Counter;
}

function instrumentsOf(meter: Meter): Instruments {
  const seconds = (name: string, description: string) =>
    meter.createHistogram(name, { description, unit: 's', advice: { explicitBucketBoundaries: DURATIONS } });
  return {
    generations: seconds('inkstone.generation.duration', 'From the request of a generation to its end.'),
    jobs: seconds('inkstone.job.duration', 'From the start of a job to its end.'),
    stages: seconds('inkstone.stage.duration', 'Of a stage of a job.'),
    requests: seconds('http.server.request.duration', 'From the first byte of a request to the head of its answer.'),
    images: meter.createCounter('inkstone.image.requests', { description: 'Images asked for by their address.' }),
  };
}

function observe(meter: Meter, { queue, engineMemory }: MetricSources, subscriptions: () => number): void {
  const jobs = meter.createObservableGauge('inkstone.queue.jobs', { description: 'Jobs by model and state.' });
  const age = meter.createObservableGauge('inkstone.queue.oldest.age', {
    description: 'Age of the job that has waited longest.',
    unit: 's',
  });
  if (queue !== undefined)
    meter.addBatchObservableCallback(
      async (result) => {
        const { models, oldestMs } = await queue();
        result.observe(age, oldestMs / 1000);
        for (const [model, { waiting, running }] of Object.entries(models)) {
          result.observe(jobs, waiting, prefixed({ model, state: 'waiting' }));
          result.observe(jobs, running, prefixed({ model, state: 'running' }));
        }
      },
      [jobs, age],
    );
  meter
    .createObservableUpDownCounter('inkstone.subscriptions.active', {
      description: 'Subscriptions that are being read.',
    })
    .addCallback((result) => result.observe(subscriptions()));
  const memory = meter.createObservableGauge('inkstone.engine.memory', {
    description: 'Resident memory of an engine.',
    unit: 'By',
  });
  if (engineMemory !== undefined)
    memory.addCallback(async (result) => {
      for (const [engine, bytes] of (await engineMemory()).entries()) result.observe(bytes, prefixed({ engine }));
    });
}

function prefixed(attributes: Readonly<Record<string, string | number>>): Attributes {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [`inkstone.${name}`, value]));
}
