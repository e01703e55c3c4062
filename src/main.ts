import { type DestinationStream, type Logger, pino } from 'pino';
import { checkLora, contentHash } from './compiler/index.js';
import type { Settings } from './config.js';
import type { ModelEntry } from './engine/catalog.js';
import { readModels } from './engine/checkpoint.js';
import { engineFor } from './engine/host.js';
import type { DeviceChoice, Engine } from './engine/job.js';
import { drawAccessKey, isLoopback } from './server/access.js';
import type { Listening } from './server/server.js';
import type { Studio } from './studio/types.js';
import { isTelemetryWanted, startTelemetry } from './telemetry/sdk.js';

/** The program without its ways in: engines and use cases, opened in the order in which they need each other. */
export interface Workshop {
  readonly studio: Studio;
  readonly models: readonly ModelEntry[];
  readonly device: DeviceChoice;
  /** Resolves when the default model is loaded; rejects with what is wrong with it. */
  readonly warm: Promise<void>;
  /** Closes in reverse. */
  close(graceMs: number): Promise<void>;
}

/**
 * @param models left out, those of the catalog
 * @throws CatalogError, StoreUnusable, or with the sentence of an engine that cannot start
 */
export async function openWorkshop(
  settings: Settings,
  log: Logger,
  models: readonly ModelEntry[] = readModels(settings.engine),
): Promise<Workshop> {
  const engine = engineFor(settings.engine, models, {
    info: (message) => log.info(message),
    warn: (message) => log.warn(message),
  });
  const closing = [() => engine.close()];
  // The default model is loaded while everything else is read and opened: a cold start is an eighth shorter.
  const warm = loadFirst(engine, models);
  // Whoever waits for it hears of it; where nothing is served in the end, nobody does.
  warm.catch(() => {});
  try {
    const { createStudio } = await import('./studio/create-studio.js');
    const { PromptThreads } = await import('./studio/prompts/threads.js');
    const prompts = new PromptThreads();
    closing.push(() => prompts.close());
    const studio = await createStudio({
      engines: [engine],
      catalog: models,
      countTokens(id, prompt) {
        const { components, limits } = entryOf(models, id);
        return prompts.count(components.tokenizer, limits.maxPromptTokens, prompt);
      },
      advise: (prompt, counted) => prompts.advise(prompt, counted),
      modelContent: (id) => contentHash(foldersOf(models, id)),
      loraContent: (id, lora) => loraContent(models, id, lora),
      finder: settings.engine.FACE_DETECTOR === undefined ? 'texture' : contentHash([settings.engine.FACE_DETECTOR]),
      settings,
      log,
    });
    return {
      studio,
      models,
      device: await engine.ready(),
      warm,
      async close(graceMs) {
        await studio.close(graceMs);
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
  readonly workshop: Workshop;
  /** The key that clients must send, where this server drew one itself; null where it asks for none or was given one. */
  readonly drawnKey: string | null;
  close(): Promise<void>;
}

/** Starts everything and listens. */
export async function serve(settings: Settings, log: Logger): Promise<Running> {
  const traced = isTelemetryWanted(process.env);
  const telemetry = traced
    ? await startTelemetry((error) => log.warn({ err: error }, 'the last spans were not sent'))
    : null;
  const { HOST, ACCESS_KEY, STOP_GRACE_MS } = settings.server;
  const drawnKey = ACCESS_KEY === undefined && !isLoopback(HOST) ? drawAccessKey() : null;
  const opening = openWorkshop(settings, log);
  const [workshop, { createServer }] = await Promise.all([opening, import('./server/server.js')]);
  try {
    const key = ACCESS_KEY ?? drawnKey ?? undefined;
    const server = createServer({
      studio: workshop.studio,
      settings: { ...settings.server, ACCESS_KEY: key },
      log,
      traced,
    });
    const listening = await server.listen();
    return {
      listening,
      workshop,
      drawnKey,
      async close() {
        await listening.close(STOP_GRACE_MS);
        await workshop.close(STOP_GRACE_MS);
        await telemetry?.shutdown();
      },
    };
  } catch (error) {
    await workshop.close(0);
    throw error;
  }
}

/** @param destination left out, standard error, so that what a command prints stays its own */
export function createLog(level: string, destination: DestinationStream = pino.destination(2)): Logger {
  return pino({ level, base: null, redact: ['*.authorization', '*.cookie', '*.accessKey'] }, destination);
}

function foldersOf(models: readonly ModelEntry[], id: string): string[] {
  // A preview decides no pixel of the picture itself.
  const { transformer, difference, textEncoder, tokenizer, vae, scheduler, imageEncoder } = entryOf(
    models,
    id,
  ).components;
  const folders = [transformer, difference, textEncoder, tokenizer, vae, scheduler, imageEncoder];
  return folders.filter((folder) => folder !== null);
}

/** @throws CheckpointError where it does not fit the model */
function loraContent(models: readonly ModelEntry[], id: string, lora: string): string {
  const { components, loras } = entryOf(models, id);
  const file = loras.find((entry) => entry.id === lora)?.file;
  if (file === undefined) throw new Error(`There is no LoRA "${lora}" for the model "${id}".`);
  checkLora(components.transformer, file, `The LoRA "${lora}"`);
  return contentHash([file]);
}

function entryOf(models: readonly ModelEntry[], id: string): ModelEntry {
  const entry = models.find((model) => model.id === id);
  if (entry === undefined) throw new Error(`There is no model "${id}" in the catalog.`);
  return entry;
}

async function loadFirst(engine: Engine, [first]: readonly ModelEntry[]): Promise<void> {
  if (first !== undefined) await engine.load(first.id);
}
