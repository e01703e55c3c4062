import type { Logger } from 'pino';
import type { ModelEntry } from '../domain/model-entry.js';
import type { DeviceChoice } from '../engine/engine.js';
import { runtimeName } from '../engine/process/device.js';
import { systemClock } from '../environment/clock.js';
import { programVersion } from '../environment/program-version.js';
import { serveProbes } from '../http/probe-server.js';
import type { Listening } from '../http/server.js';
import { openBullmqQueue } from '../jobs/bullmq/bullmq-queue.js';
import { Metrics } from '../telemetry/metrics.js';
import { isTelemetryWanted, startTelemetry } from '../telemetry/sdk.js';
import type { Settings } from './config.js';
import { linkOf, reporterTo, requireRedis, startWorkers } from './jobs.js';
import { measuredOf } from './measured.js';
import { openModels } from './models.js';
import { keepPublishing } from './publish.js';
import { requireShared } from './shared.js';
import { openStores } from './stores.js';
import { problemsTo, workerOf } from './worker.js';

/** A worker that runs. */
export interface Working {
  /** Of its probes. */
  readonly listening: Listening;
  readonly device: DeviceChoice;
  /** Resolves with the default model when it is loaded. */
  readonly warm: Promise<ModelEntry>;
  /** Takes no more jobs; what does not end within the grace of the settings is given back to the queue. */
  close(): Promise<void>;
}

/** Makes images of jobs from the shared queue until it is closed. @throws ConfigError, StoreUnusable, CatalogError, or with the sentence of an engine that cannot start */
export async function work(settings: Settings, log: Logger): Promise<Working> {
  requireShared(settings, 'inkstone work');
  const clock = systemClock;
  const telemetry = isTelemetryWanted(process.env)
    ? await startTelemetry(programVersion(), (error) => log.warn({ err: error }, 'the last spans were not sent'))
    : null;
  const models = openModels(settings, log);
  const closing: (() => Promise<void> | void)[] = [() => models.close()];
  try {
    const stores = await openStores({ settings, log, clock });
    closing.push(() => stores.close());
    await requireRedis(settings.jobs.QUEUE_URL!, log);
    const link = linkOf({ settings, log });
    closing.push(() => link.close());
    const device = await models.engine.ready();
    const metrics = new Metrics();
    const computedBy = { device: settings.engine.PRECISION_CLASS ?? device.device, runtime: runtimeName() };
    const problemOf = problemsTo(log);
    closing.push(keepPublishing({ entries: models.entries, library: models.library, computedBy, stores, clock, log }));
    const options = { stores, settings: settings.engine, clock, problemOf, measures: metrics, computedBy };
    const workers = [workerOf(models.engine, options)];
    const running = await startWorkers({ settings, workers, log, clock }, link);
    const { STOP_GRACE_MS } = settings.http;
    closing.push(() => running.close(STOP_GRACE_MS));
    void models.keepHashes();
    // It only counts: what waits is known to every process that shares the queue.
    const queue = openBullmqQueue({ link, limit: 0, waiterLeaseMs: 60_000, report: reporterTo(log) });
    closing.push(() => queue.close());
    const { read } = measuredOf({ metrics, queue: () => queue.metrics(), engines: () => [models.engine.pid] });
    let stopping = false;
    const ready = async () => {
      if (stopping) return 'The worker is stopping.';
      if (!(await stores.health.look())) return 'Nothing can be stored.';
      if (!(await link.alive())) return 'Redis does not answer.';
      return models.engine.loaded().length > 0 ? null : 'The model is being loaded.';
    };
    const listening = await serveProbes({ ready, metrics: read }, settings.http);
    return {
      ...{ listening, device, warm: models.warm },
      async close() {
        stopping = true;
        for (const close of closing.reverse()) await close();
        await listening.close(0);
        await telemetry?.shutdown();
      },
    };
  } catch (error) {
    for (const close of closing.reverse()) await close();
    throw error;
  }
}
