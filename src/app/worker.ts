import type { Logger } from 'pino';
import type { ComputedBy } from '../domain/canonical.js';
import type { ProblemRecord } from '../domain/problem.js';
import type { EngineConfig } from '../engine/config.js';
import type { Engine } from '../engine/engine.js';
import { EngineLost, FilesUnusable } from '../engine/problems.js';
import type { Clock } from '../environment/clock.js';
import { toProblemRecord } from '../generation/problem-record.js';
import { noPatience, patienceOf } from '../jobs/patience.js';
import type { Worker } from '../jobs/queue.js';
import { type ImageRecords, type JobMeasures, runJobs } from '../jobs/run-job.js';
import type { Stores } from './stores.js';

/** Images of different requests that share a model call, where the settings do not say. */
const DEFAULT_BATCH = 4;
/** Milliseconds for which a finished image waits for stores that do not answer. */
const OUTAGE_MS = 60_000;

export interface WorkerOptions {
  readonly stores: Pick<Stores, 'images' | 'inputs' | 'records' | 'isShared'>;
  readonly settings: Partial<Pick<EngineConfig, 'ENGINE_BATCH'>>;
  readonly clock: Clock;
  readonly problemOf: (error: unknown) => ProblemRecord;
  readonly measures: JobMeasures;
  /** What decides the last bits of its images: jobs that ask for another fail. */
  readonly computedBy: ComputedBy;
}

/** An engine that makes the images of jobs. */
export function workerOf(
  engine: Engine,
  { stores, settings, clock, problemOf, measures, computedBy }: WorkerOptions,
): Worker {
  const { images, inputs, records, isShared } = stores;
  const now = () => clock.now();
  const patience = isShared ? patienceOf(OUTAGE_MS, clock) : noPatience;
  const imageRecords: ImageRecords = {
    find: async (fingerprint) => (await records.recall([fingerprint]))[0] ?? null,
    save: (record, replace) => records.saveImage(record, now(), replace),
  };
  const parts = { engine, inputs, images, now, problemOf, measures, computedBy, patience, records: imageRecords };
  return {
    loaded: () => engine.loaded(),
    batch: settings.ENGINE_BATCH ?? DEFAULT_BATCH,
    run: (tasks) => runJobs(tasks, parts),
  };
}

/** How a failure is stored; what is a fault of the program or of its files is logged, since clients hear nothing of it. */
export function problemsTo(log: Logger): (error: unknown) => ProblemRecord {
  return (error) => {
    const problem = toProblemRecord(error);
    if (problem.code === 'Failed' && problem.reason === undefined)
      log.error({ err: error }, 'a job failed unexpectedly');
    if (error instanceof FilesUnusable) log.error({ err: error }, 'files of a job cannot be used');
    return problem;
  };
}

/** Whether a job that failed so may succeed when it is run again. */
export const worthAnotherTry = (error: unknown): boolean => error instanceof EngineLost;
