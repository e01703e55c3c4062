import { pino } from 'pino';
import { linkOf, startWorkers } from '../../src/app/jobs.js';
import { openStores } from '../../src/app/stores.js';
import { problemsTo, workerOf } from '../../src/app/worker.js';
import type { Engine } from '../../src/engine/engine.js';
import { systemClock } from '../../src/environment/clock.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import type { CallersUseCases } from '../generation/as-caller.js';
import { newFolder, openStudio, settingsOf } from '../generation/open-studio.js';

/** What all members of a fleet have in common: Redis, Postgres and S3, and short leases. */
export type FleetEnv = Readonly<Record<string, string>>;

/** An API process without an engine. */
export const openApi = (env: FleetEnv): Promise<CallersUseCases> => openStudio({ env, engines: [] });

export interface Member {
  close(graceMs: number): Promise<void>;
}

/** A worker process, with an engine. */
export async function openWorker(env: FleetEnv, engine: Engine, batch = 1): Promise<Member> {
  const settings = settingsOf({ DATA_DIR: newFolder(), ...env });
  const [log, clock] = [pino({ level: 'silent' }), systemClock];
  const stores = await openStores({ settings, log, clock });
  const link = linkOf({ settings, log });
  const computedBy = { device: env.PRECISION_CLASS!, runtime: '' };
  const parts = { stores, clock, measures: new Metrics(), computedBy, problemOf: problemsTo(log) };
  const worker = workerOf(engine, { ...parts, settings: { ENGINE_BATCH: batch } });
  const running = await startWorkers({ settings, log, clock, workers: [worker] }, link);
  const close = async (graceMs: number) => {
    await running.close(graceMs);
    link.close();
    await stores.close();
  };
  let closing: Promise<void> | null = null;
  return {
    close(graceMs) {
      closing ??= close(graceMs);
      return closing;
    },
  };
}
