import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { ModelEntry } from '../domain/model-entry.js';
import type { ProblemRecord } from '../domain/problem.js';
import type { EngineConfig } from '../engine/config.js';
import type { Engine } from '../engine/engine.js';
import { EngineLost, FilesUnusable } from '../engine/problems.js';
import { type Clock, systemClock } from '../environment/clock.js';
import { makePrivateFolder } from '../environment/folders.js';
import type { GenerationConfig } from '../generation/config.js';
import { logLine } from '../generation/generation-log.js';
import { toProblemRecord } from '../generation/problem-record.js';
import type { RequestContext, TokenCount, Usable } from '../generation/request/reader.js';
import { GenerationService } from '../generation/service.js';
import type { UseCases } from '../generation/types.js';
import type { ImagesConfig } from '../images/config.js';
import { Variants } from '../images/variants.js';
import type { JobsConfig } from '../jobs/config.js';
import { InProcessQueue } from '../jobs/in-process.js';
import type { Worker } from '../jobs/queue.js';
import { type RunParts, runJobs } from '../jobs/run-job.js';
import { Disk } from '../stores/disk/disk.js';
import { forgetImages, type ImageRecordCache, Records } from '../stores/generations/image-records.js';
import { imagesOn, recordsOn } from '../stores/generations/kept-on-disk.js';
import { openLibsqlStore } from '../stores/generations/libsql-store.js';
import { StoreUnusable } from '../stores/generations/sql-thread.js';
import { openFolderImageStore } from '../stores/images/folder-image-store.js';
import { createMemoryProgressLog } from '../stores/progress/memory-progress-log.js';
import { openSources } from './inputs.js';

export interface GenerationServiceOptions {
  /** Belong to the caller, who closes them after the studio. */
  readonly engines: readonly Engine[];
  /** The first is the default. */
  readonly catalog: readonly ModelEntry[];
  /** Tokens of a prompt as the model would see it. */
  readonly countTokens: RequestContext['countTokens'];
  /** Advice on a prompt. */
  readonly advise: RequestContext['advise'];
  /** Hash of a model's files as they are now, its LoRAs left out. */
  readonly modelContent: RequestContext['modelContent'];
  /** Another one whenever its files may have changed; left out, they never do. */
  readonly modelVersion?: (model: string) => string;
  /** Hash of a LoRA's file as it is now. */
  readonly loraContent: RequestContext['loraContent'];
  /** What decides where a refinement finds regions: another engine or detector gives another word. */
  readonly regionDetector: RequestContext['regionDetector'];
  /** Whether the engines are told to load the first model of the catalog; false where the caller does that. */
  readonly loadsAhead?: boolean;
  /** Left out, everything can be used. */
  readonly usable?: RequestContext['usable'];
  /** What computes, with its version. */
  readonly runtime?: RequestContext['runtime'];
  readonly settings: {
    readonly generation: GenerationConfig;
    readonly jobs: JobsConfig;
    readonly images: ImagesConfig;
    readonly engine: Pick<EngineConfig, 'JOB_DEADLINE_MS'> & Partial<Pick<EngineConfig, 'ENGINE_BATCH'>>;
  };
  readonly log: Logger;
  readonly clock?: Clock;
}

/** What an image takes in memory: its record, not its pixels. */
const recordBytes = 1024;
/** Images of different requests that share a forward, where the settings do not say. */
const defaultBatch = 4;

/**
 * Opens the stores, waits for the engines and puts the use cases together. Generations that an earlier process left
 * unfinished are taken over.
 *
 * @throws StoreUnusable, or with the sentence of an engine that cannot start
 */
export async function createGenerationService(options: GenerationServiceOptions): Promise<UseCases> {
  const { engines, catalog, settings, log, clock = systemClock } = options;
  const { DATA_DIR, CACHE_BYTES, IMAGE_STORE_BYTES, GENERATION_LIMIT } = settings.generation;
  await makeUsable(DATA_DIR);
  // First, because its lock guards the whole folder.
  const store = await openLibsqlStore(join(DATA_DIR, 'inkstone.db'), { rows: GENERATION_LIMIT });
  try {
    // A budget of 0 keeps none; to lru-cache it would mean no budget.
    const memory: ImageRecordCache = new LRUCache({
      maxSize: Math.max(1, CACHE_BYTES),
      sizeCalculation: () => recordBytes,
    });
    const imagesFolder = join(DATA_DIR, 'images');
    const folder = await openFolderImageStore(imagesFolder, {
      maxBytes: IMAGE_STORE_BYTES,
      onGone: (ids) => {
        forgetImages(ids, clock.now(), { memory, store }).catch((error) =>
          log.error({ err: error }, 'forgetting images'),
        );
      },
    });
    const disk = new Disk({
      folders: [DATA_DIR, imagesFolder],
      clock,
      release: (bytes) => folder.release(bytes),
      catchUp: () => records.catchUp(),
      log,
    });
    const images = imagesOn(disk, folder);
    const kept = recordsOn(disk, store);
    const records = new Records({ memory, store: kept, images });
    const sources = await openSources({ images, disk, settings, clock });
    const device = await deviceOf(engines);
    let closed = false;
    if (options.loadsAhead !== false)
      loadAhead(engines, catalog, (error, model) => {
        // An engine that ends in the midst of it has been told to.
        if (!closed) log.error({ err: error, model }, 'the default model was not loaded');
      });

    const now = () => clock.now();
    const problemOf = (error: unknown): ProblemRecord => {
      const problem = toProblemRecord(error);
      // Clients hear nothing of what went wrong where that is a fault of this program.
      if (problem.code === 'Failed' && problem.reason === undefined)
        log.error({ err: error }, 'a job failed unexpectedly');
      if (error instanceof FilesUnusable) log.error({ err: error }, 'files of a job cannot be used');
      return problem;
    };
    const imageRecords: RunParts['records'] = {
      find: async (fingerprint) => (await records.recall([fingerprint]))[0] ?? null,
      save: (record) => records.saveImage(record, clock.now()),
    };
    const queue = new InProcessQueue({
      workers: engines.map((engine): Worker => {
        const parts = { engine, inputs: sources, images, records: imageRecords, now, problemOf };
        return {
          loaded: () => engine.loaded(),
          batch: settings.engine.ENGINE_BATCH ?? defaultBatch,
          run: (tasks) => runJobs(tasks, parts),
        };
      }),
      limit: settings.jobs.QUEUE_LIMIT,
      now,
      problemOf,
      worthAnotherTry: (error) => error instanceof EngineLost,
    });
    const service = new GenerationService({
      requestContext: memoizingTokenCounts(
        { usable: allUsable, runtime: '', ...options, sources, device },
        options.modelVersion ?? (() => ''),
      ),
      sources,
      records,
      store: kept,
      disk,
      queue,
      deadlineMs: settings.engine.JOB_DEADLINE_MS,
      progress: createMemoryProgressLog({
        clock,
        heartbeatMs: settings.generation.PROGRESS_HEARTBEAT_MS,
        maxBytes: settings.generation.PROGRESS_LOG_BYTES,
        keptBytes: settings.generation.PROGRESS_KEPT_BYTES,
      }),
      variants: new Variants({ images, records, maxBytes: settings.images.VARIANT_CACHE_BYTES }),
      clock,
      waitLimitMs: settings.generation.WAIT_LIMIT_MS,
      loaded: () => new Set(engines.flatMap((engine) => engine.loaded())),
      unexpected: (error, generation) => log.error({ err: error, generation }, 'a generation failed unexpectedly'),
      ended: (generation, traceId) =>
        log.info({ ...logLine(generation), ...(traceId === null ? {} : { trace: traceId }) }, 'generation'),
      async closeStores() {
        closed = true;
        await sources.close();
        await images.close();
        await store.close();
      },
    });
    await service.takeOver(await kept.unfinished());
    return service;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Of a folder that belongs to somebody else, such as a mounted volume, the database would only say that it cannot be opened. */
async function makeUsable(folder: string): Promise<void> {
  try {
    makePrivateFolder(folder);
    await access(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StoreUnusable(`DATA_DIR ${folder} cannot be used: ${(error as Error).message}.`, { cause: error });
  }
}

/** Images of different precisions differ in their last bits: `cpu`, `cuda`, or `cpu+cuda` where a job may go to either. */
async function deviceOf(engines: readonly Engine[]): Promise<string> {
  const choices = await Promise.all(engines.map((engine) => engine.ready()));
  return [...new Set(choices.map(({ device }) => device))].sort().join('+');
}

/** The first client should not have to wait for the default model. */
function loadAhead(
  engines: readonly Engine[],
  catalog: readonly ModelEntry[],
  failed: (error: unknown, model: string) => void,
): void {
  const [first] = catalog;
  if (first === undefined) return;
  for (const engine of engines) engine.load(first.id).catch((error) => failed(error, first.id));
}

/** A repeat should cost no tokenizer. */
function memoizingTokenCounts(
  { countTokens, ...requestContext }: RequestContext,
  modelVersion: (model: string) => string,
): RequestContext {
  const counts = new LRUCache<string, TokenCount | Promise<TokenCount>>({
    max: 5000,
    maxSize: 8 * 1024 ** 2,
    sizeCalculation: (_, key) => key.length,
  });
  return {
    ...requestContext,
    async countTokens(model, prompt) {
      const key = `${model} ${modelVersion(model)}\n${prompt}`;
      const known = counts.get(key) ?? countTokens(model, prompt);
      // Before it is waited for: those who ask meanwhile need not count again.
      counts.set(key, known);
      try {
        return await known;
      } catch (error) {
        counts.delete(key);
        throw error;
      }
    },
  };
}

const allUsable: Usable = { modelFinding: () => null, knownFinding: () => null, loraFinding: () => null };
