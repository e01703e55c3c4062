import type { Logger } from 'pino';
import { programVersion } from '../environment/program-version.js';
import { generateAccessKey, isLoopback } from '../http/access.js';
import type { InkstoneServer, Listening } from '../http/server.js';
import { isTelemetryWanted, startTelemetry } from '../telemetry/sdk.js';
import type { Settings } from './config.js';
import { type App, createApp } from './local.js';

/** The program with its ways in, which answers requests and need not listen. */
export interface Opened {
  readonly server: InkstoneServer;
  readonly app: App;
  /** After the server, if that listens. */
  close(): Promise<void>;
}

export interface OpenOptions {
  /** Whether images are made here, else by the workers of a fleet. */
  readonly engine: boolean;
  /** What clients must send; undefined asks for none. */
  readonly key: string | undefined;
}

/** @throws ConfigError, CatalogError, StoreUnusable, or with the sentence of an engine that cannot start */
export async function openServer(settings: Settings, log: Logger, { engine, key }: OpenOptions): Promise<Opened> {
  const traced = isTelemetryWanted(process.env);
  const telemetry = traced
    ? await startTelemetry(programVersion(), (error) => log.warn({ err: error }, 'the last spans were not sent'))
    : null;
  const opening = engine
    ? createApp(settings, log)
    : import('./api.js').then(({ createApi }) => createApi(settings, log));
  const [app, { createServer }] = await Promise.all([opening, import('../http/server.js')]);
  const server = createServer({
    service: app.service,
    settings: { ...settings.http, ACCESS_KEY: key },
    log,
    traced,
    measured: app.measured,
  });
  return {
    server,
    app,
    async close() {
      await app.close(settings.http.STOP_GRACE_MS);
      await telemetry?.shutdown();
    },
  };
}

export interface Running {
  readonly listening: Listening;
  readonly app: App;
  /** The key that clients must send, where this server drew one itself; null where it asks for none or was given one. */
  readonly generatedKey: string | null;
  close(): Promise<void>;
}

/** Starts everything and listens. @param engine whether images are made here, else by the workers of a fleet */
export async function serve(settings: Settings, log: Logger, { engine = true } = {}): Promise<Running> {
  const { HOST, ACCESS_KEY, STOP_GRACE_MS } = settings.http;
  const generatedKey = ACCESS_KEY === undefined && !isLoopback(HOST) ? generateAccessKey() : null;
  const opened = await openServer(settings, log, { engine, key: ACCESS_KEY ?? generatedKey ?? undefined });
  try {
    const listening = await opened.server.listen();
    return {
      listening,
      app: opened.app,
      generatedKey,
      async close() {
        await listening.close(STOP_GRACE_MS);
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}
