import { type DestinationStream, type Logger, pino } from 'pino';
import { Checks } from '../catalog/checks.js';
import { listModels } from '../catalog/entry-from-checkpoint.js';
import { KeptFileHashes } from '../catalog/file-hashes.js';
import { Library } from '../catalog/library.js';
import { loadDefault } from '../catalog/load-default.js';
import type { ModelEntry } from '../domain/model-entry.js';
import type { DeviceChoice } from '../engine/engine.js';
import { runtimeName } from '../engine/process/device.js';
import { engineFor } from '../engine/process/host.js';
import { programVersion } from '../environment/program-version.js';
import type { UseCases } from '../generation/types.js';
import { generateAccessKey, isLoopback } from '../http/access.js';
import type { Listening } from '../http/server.js';
import { isTelemetryWanted, startTelemetry } from '../telemetry/sdk.js';
import type { Settings } from './config.js';

/** The program without its ways in: engines and use cases, opened in the order in which they need each other. */
export interface App {
  readonly service: UseCases;
  readonly device: DeviceChoice;
  /** Resolves with the default model when it is loaded; rejects with what is wrong where none can be used. */
  readonly warm: Promise<ModelEntry>;
  /** Looks at all models and LoRAs, and logs which cannot be used. */
  inspect(): Promise<void>;
  /** Closes in reverse. */
  close(graceMs: number): Promise<void>;
}

export interface AppOptions {
  /** Left out, those of the catalog and of the named checkpoints. */
  readonly models?: readonly ModelEntry[];
  /** Where hashes of large files are kept; left out, with the other data. */
  readonly hashesFolder?: string;
  /** Whether the first model is wanted and no other in its place; left out, the first that can be used is the default. */
  readonly insists?: boolean;
}

/** @throws CatalogError, StoreUnusable, or with the sentence of an engine that cannot start */
export async function createApp(
  settings: Settings,
  log: Logger,
  { models: given, hashesFolder = settings.generation.DATA_DIR, insists = false }: AppOptions = {},
): Promise<App> {
  const { models, unreadable } = given === undefined ? listModels(settings.engine) : { models: given, unreadable: [] };
  for (const sentence of unreadable) log.warn(sentence);
  const hashes = new KeptFileHashes(hashesFolder);
  const checks = new Checks();
  const { ENGINE_DEVICE, ENGINE_MEMORY, FACE_DETECTOR } = settings.engine;
  const library = new Library(models, {
    machine: { device: ENGINE_DEVICE === 'auto' ? 'cpu' : ENGINE_DEVICE, budget: ENGINE_MEMORY },
    faceDetector: FACE_DETECTOR,
    hashes,
    checks,
    report: (sentence) => log.warn(sentence),
  });
  const engine = engineFor(
    settings.engine,
    models,
    { info: (message) => log.debug(message), warn: (message) => log.warn(message) },
    (job) => library.seen(job),
  );
  const closing = [() => engine.close(), () => checks.close()];
  // The engine's process takes longer than this to start.
  library.glance();
  // The default model is loaded while everything else is read and opened: a cold start is an eighth shorter.
  const warm = loadDefault(engine, models, library, { insists });
  // Whoever waits for it hears of it; where nothing is served in the end, nobody does.
  warm.catch(() => {});
  // Its first request needs its content, which of a large checkpoint takes as long to read as loading it does.
  if (models[0] !== undefined) library.content(models[0].id).catch(() => {});
  try {
    const { createGenerationService } = await import('./generation-service.js');
    const { PromptThreads } = await import('../generation/prompts/threads.js');
    const prompts = new PromptThreads();
    closing.push(() => prompts.close());
    const service = await createGenerationService({
      engines: [engine],
      catalog: models,
      loadsAhead: false,
      countTokens(id, prompt) {
        const { components, limits } = models.find((model) => model.id === id)!;
        return prompts.count(components.tokenizer, limits.maxPromptTokens, prompt);
      },
      advise: (prompt, counted) => prompts.advise(prompt, counted),
      modelContent: (id) => library.content(id),
      modelVersion: (id) => library.version(id),
      loraContent: (id, lora) => library.loraContent(id, lora),
      regionDetector: () => library.regionDetector(),
      usable: {
        modelFinding: (id) => library.finding(id),
        knownFinding: (id) => library.knownFinding(id),
        loraFinding: (id, lora) => library.loraFinding(id, lora),
      },
      runtime: runtimeName(),
      settings,
      log,
    });
    // Its folder is there now.
    void hashes.save();
    return {
      service,
      device: await engine.ready(),
      warm,
      inspect: () => library.inspect(),
      async close(graceMs) {
        await service.close(graceMs);
        for (const close of closing) await close();
      },
    };
  } catch (error) {
    for (const close of closing) await close();
    throw error;
  }
}

export interface Running {
  readonly listening: Listening;
  readonly app: App;
  /** The key that clients must send, where this server drew one itself; null where it asks for none or was given one. */
  readonly generatedKey: string | null;
  close(): Promise<void>;
}

/** Starts everything and listens. */
export async function serve(settings: Settings, log: Logger): Promise<Running> {
  const traced = isTelemetryWanted(process.env);
  const telemetry = traced
    ? await startTelemetry(programVersion(), (error) => log.warn({ err: error }, 'the last spans were not sent'))
    : null;
  const { HOST, ACCESS_KEY, STOP_GRACE_MS } = settings.http;
  const generatedKey = ACCESS_KEY === undefined && !isLoopback(HOST) ? generateAccessKey() : null;
  const opening = createApp(settings, log);
  const [app, { createServer }] = await Promise.all([opening, import('../http/server.js')]);
  try {
    const key = ACCESS_KEY ?? generatedKey ?? undefined;
    const server = createServer({
      service: app.service,
      settings: { ...settings.http, ACCESS_KEY: key },
      log,
      traced,
    });
    const listening = await server.listen();
    return {
      listening,
      app,
      generatedKey,
      async close() {
        await listening.close(STOP_GRACE_MS);
        await app.close(STOP_GRACE_MS);
        await telemetry?.shutdown();
      },
    };
  } catch (error) {
    await app.close(0);
    throw error;
  }
}

/** @param destination left out, standard error, so that what a command prints stays its own */
export function createLog(level: string, destination: DestinationStream = pino.destination(2)): Logger {
  return pino({ level, base: null, redact: ['*.authorization', '*.cookie', '*.accessKey'] }, destination);
}
