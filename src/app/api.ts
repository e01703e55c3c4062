import type { Logger } from 'pino';
import { systemClock } from '../environment/clock.js';
import { Metrics } from '../telemetry/metrics.js';
import type { Settings } from './config.js';
import { assemble } from './generation-service.js';
import { openJobs } from './jobs.js';
import type { App } from './local.js';
import { measuredOf } from './measured.js';
import { openPublished } from './published.js';
import { requireShared } from './shared.js';
import { openStores } from './stores.js';

/**
 * A fleet's API without an engine: what it knows of models is what workers published, and workers make its images.
 *
 * @throws ConfigError, StoreUnusable
 */
export async function createApi(settings: Settings, log: Logger): Promise<App> {
  requireShared(settings, '--no-engine');
  const clock = systemClock;
  const stores = await openStores({ settings, log, clock });
  try {
    const published = await openPublished({ stores, folder: settings.generation.DATA_DIR, clock, log });
    const jobs = await openJobs({ settings, workers: [], log, clock });
    const metrics = new Metrics();
    const { requestContext } = published;
    // Workers load a model when its first job comes: those that are published can be asked for.
    const loaded = () => new Set(requestContext.catalog.map(({ id }) => id));
    const service = assemble({ stores, jobs, requestContext, loaded, settings, log, clock, metrics });
    return {
      service,
      device: null,
      warm: Promise.resolve(requestContext.catalog[0]?.id ?? null),
      measured: measuredOf({ metrics, queue: () => service.queueMetrics(), engines: () => [] }),
      inspect: async () => {},
      async close(graceMs) {
        await service.close(graceMs);
        await published.close();
      },
    };
  } catch (error) {
    await stores.close();
    throw error;
  }
}
