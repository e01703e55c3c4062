import { type DestinationStream, type Logger, pino } from 'pino';
import type { DeviceChoice } from '../engine/engine.js';
import { runtimeName } from '../engine/process/device.js';
import { systemClock } from '../environment/clock.js';
import type { UseCases } from '../generation/types.js';
import type { Measured } from '../http/router.js';
import { Metrics } from '../telemetry/metrics.js';
import type { Settings } from './config.js';
import { measuredOf } from './measured.js';
import { type OpenModelsOptions, openModels } from './models.js';

/** The program without its ways in: engines and use cases, opened in the order in which they need each other. */
export interface App {
  readonly service: UseCases;
  /** Null where workers compute. */
  readonly device: DeviceChoice | null;
  /** Resolves with the default model's id when it is loaded, null where there is none yet; rejects with what is wrong where none can be used. */
  readonly warm: Promise<string | null>;
  /** What is counted, and where it is read. */
  readonly measured: Measured;
  /** Looks at all models and LoRAs, and logs which cannot be used. */
  inspect(): Promise<void>;
  /** Closes in reverse. */
  close(graceMs: number): Promise<void>;
}

/** The embedded program: everything in this process and one engine beside it. @throws CatalogError, StoreUnusable, or with the sentence of an engine that cannot start */
export async function createApp(settings: Settings, log: Logger, options: OpenModelsOptions = {}): Promise<App> {
  const models = openModels(settings, log, options);
  const { entries, library, engine } = models;
  const loaded = models.warm.then(({ id }) => id);
  // A rejection is handled where it is awaited, which may be never.
  loaded.catch(() => {});
  const closing = [() => models.close()];
  try {
    const { createGenerationService } = await import('./generation-service.js');
    const { PromptThreads } = await import('../generation/prompts/threads.js');
    const metrics = new Metrics();
    const prompts = new PromptThreads();
    closing.push(() => prompts.close());
    const service = await createGenerationService({
      engines: [engine],
      catalog: entries,
      countTokens(id, prompt) {
        const { components, limits } = entries.find((model) => model.id === id)!;
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
      metrics,
      clock: systemClock,
    });
    void models.keepHashes();
    return {
      service,
      device: await engine.ready(),
      warm: loaded,
      measured: measuredOf({ metrics, queue: () => service.queueMetrics(), engines: () => [engine.pid] }),
      inspect: () => models.inspect(),
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

/** @param destination left out, standard error, so that what a command prints stays its own */
export function createLog(level: string, destination: DestinationStream = pino.destination(2)): Logger {
  return pino({ level, base: null, redact: ['*.authorization', '*.cookie', '*.accessKey'] }, destination);
}
