import type { Logger } from 'pino';
import type { ModelEntry } from '../domain/model-entry.js';
import type { EngineConfig } from '../engine/config.js';
import type { Engine } from '../engine/engine.js';
import type { Clock } from '../environment/clock.js';
import type { GenerationConfig } from '../generation/config.js';
import { logLine } from '../generation/generation-log.js';
import { memoizedTokenCounts } from '../generation/prompts/memoized-token-counts.js';
import type { RequestContext } from '../generation/request/reader.js';
import { GenerationService } from '../generation/service.js';
import type { ServiceParts } from '../generation/service-parts.js';
import type { UseCases } from '../generation/types.js';
import type { ImagesConfig } from '../images/config.js';
import { Variants } from '../images/variants.js';
import type { JobsConfig } from '../jobs/config.js';
import type { StoresConfig } from '../stores/config.js';
import type { Metrics } from '../telemetry/metrics.js';
import { type Jobs, openJobs } from './jobs.js';
import { openStores, type Stores } from './stores.js';
import { problemsTo, workerOf } from './worker.js';

export interface GenerationServiceOptions {
  /** Belong to the caller, which closes them after the service and has them load a model ahead of the first job. */
  readonly engines: readonly Engine[];
  /** The first is the default. */
  readonly catalog: readonly ModelEntry[];
  /** Tokens of a prompt as the model would see it. */
  readonly countTokens: RequestContext['countTokens'];
  /** Advice on a prompt. */
  readonly advise: RequestContext['advise'];
  /** Hash of a model's files as they are now, its LoRAs left out. */
  readonly modelContent: RequestContext['modelContent'];
  /** Another one whenever its files may have changed. */
  readonly modelVersion: (model: string) => string;
  /** Hash of a LoRA's file as it is now. */
  readonly loraContent: RequestContext['loraContent'];
  /** What decides where a refinement finds regions: another engine or detector gives another word. */
  readonly regionDetector: RequestContext['regionDetector'];
  readonly usable: RequestContext['usable'];
  /** What computes, with its version. */
  readonly runtime: string;
  readonly settings: {
    readonly generation: GenerationConfig;
    readonly jobs: JobsConfig;
    readonly images: ImagesConfig;
    readonly stores?: StoresConfig;
    readonly engine: Pick<EngineConfig, 'JOB_DEADLINE_MS'> &
      Partial<Pick<EngineConfig, 'ENGINE_BATCH' | 'PRECISION_CLASS'>>;
  };
  readonly log: Logger;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/**
 * Opens the stores, waits for the engines and puts the use cases of the embedded program together. Generations that an earlier process
 * left unfinished are taken over.
 *
 * @throws StoreUnusable, or with the sentence of an engine that cannot start
 */
export async function createGenerationService(options: GenerationServiceOptions): Promise<UseCases> {
  const { engines, catalog, settings, log, clock, metrics } = options;
  const stores = await openStores({ settings, log, clock });
  try {
    const device = settings.engine.PRECISION_CLASS ?? (await deviceOf(engines));
    const computedBy = { device, runtime: options.runtime };
    const problemOf = problemsTo(log);
    const workers = engines.map((engine) =>
      workerOf(engine, { stores, settings: settings.engine, clock, problemOf, measures: metrics, computedBy }),
    );
    const jobs = await openJobs({ settings, workers, log, clock });
    const { advise, modelContent, loraContent, regionDetector, usable } = options;
    const requestContext: RequestContext = {
      ...{ catalog, advise, modelContent, loraContent, regionDetector, usable, sources: stores.inputs },
      computedBy: () => computedBy,
      countTokens: memoizedTokenCounts(options.countTokens, options.modelVersion),
    };
    const loaded = () => new Set(engines.flatMap((engine) => engine.loaded()));
    const service = assemble({ stores, jobs, requestContext, loaded, settings, log, clock, metrics });
    await service.takeOver(await stores.generations.unfinished());
    return service;
  } catch (error) {
    await stores.close();
    throw error;
  }
}

/** What the use cases are made of, whatever implements the seams. */
export interface ServiceSeams extends Pick<ServiceParts, 'requestContext' | 'loaded' | 'clock'> {
  readonly stores: Stores;
  readonly jobs: Jobs;
  readonly settings: GenerationServiceOptions['settings'];
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Puts the use cases together. */
export function assemble({
  stores,
  jobs,
  requestContext,
  loaded,
  settings,
  log,
  clock,
  metrics,
}: ServiceSeams): GenerationService {
  const { images, inputs, records, generations, health, elsewhere } = stores;
  return new GenerationService({
    ...{ requestContext, records, clock, loaded },
    queue: jobs.queue,
    progress: jobs.progress,
    ownership: jobs.ownership,
    sources: inputs,
    store: generations,
    disk: health,
    deadlineMs: settings.engine.JOB_DEADLINE_MS,
    variants: new Variants({ images, records, elsewhere, maxBytes: settings.images.VARIANT_CACHE_BYTES }),
    waitLimitMs: settings.generation.WAIT_LIMIT_MS,
    unexpected: (error, generation) => log.error({ err: error, generation }, 'a generation failed unexpectedly'),
    ended(generation, traceId) {
      const line = logLine(generation, settings.generation.LOG_PROMPTS);
      log.info({ ...line, ...(traceId === null ? {} : { trace: traceId }) }, 'generation');
      const { createdAt, finishedAt, operation, status, cache } = generation;
      metrics.generation((finishedAt ?? createdAt) - createdAt, { operation, status, cache });
    },
    subscribed: () => metrics.subscription(),
    away: async () => (jobs.link === null || (await jobs.link.alive()) ? null : 'Redis does not answer.'),
    async closeStores() {
      await jobs.close();
      await stores.close();
    },
  });
}

/** Images of different precisions differ in their last bits: `cpu`, `cuda`, or `cpu+cuda` where a job may go to either. */
export async function deviceOf(engines: readonly Engine[]): Promise<string> {
  const choices = await Promise.all(engines.map((engine) => engine.ready()));
  return [...new Set(choices.map(({ device }) => device))].sort().join('+');
}
