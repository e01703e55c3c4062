import { setMaxListeners } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createGenerationService, type GenerationServiceOptions } from '../../src/app/generation-service.js';
import type { ModelEntry } from '../../src/domain/model-entry.js';
import type { Engine } from '../../src/engine/engine.js';
import { type Clock, systemClock } from '../../src/environment/clock.js';
import { advise } from '../../src/generation/advice/advise.js';
import { generationSection } from '../../src/generation/config.js';
import type { Generation, ProgressEvent, UseCases } from '../../src/generation/types.js';
import { imagesSection } from '../../src/images/config.js';
import { jobsSection } from '../../src/jobs/config.js';
import { storesSection } from '../../src/stores/config.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { asCaller, type CallersUseCases } from './as-caller.js';
import { ScriptedEngine } from './engines.js';

const folders = {
  transformer: '',
  adapter: null,
  textEncoder: '',
  tokenizer: '',
  vae: '',
  scheduler: '',
  preview: null,
  imageEncoder: null,
};

/** Small, fast, without guidance: like a distilled model. */
export const tiny: ModelEntry = {
  id: 'tiny',
  name: 'Tiny',
  family: 'z-image',
  components: folders,
  operations: ['GENERATE'],
  editModes: [],
  defaults: { width: 64, height: 64, steps: 4, guidance: 0, refineSteps: 4, refineStrength: 0.35 },
  limits: { minSide: 64, maxSide: 512, maxPixels: 128 * 512, maxPromptTokens: 16, maxReferences: 0 },
  supportsGuidance: false,
  supportsNegativePrompt: false,
  loras: [],
};

export const guidedModel: ModelEntry = {
  ...tiny,
  id: 'guided',
  name: 'Guided',
  defaults: { ...tiny.defaults, guidance: 4 },
  supportsGuidance: true,
  supportsNegativePrompt: true,
};

const lora = (id: string) => ({ id, name: id, description: '', file: '' });

/** Changes images, but not by words alone. */
export const painter: ModelEntry = {
  ...tiny,
  id: 'painter',
  name: 'Painter',
  operations: ['GENERATE', 'EDIT', 'REFINE'],
  editModes: ['INPAINT', 'STRENGTH'],
  defaults: { ...tiny.defaults, steps: 8, refineSteps: 3, refineStrength: 0.25 },
  loras: [lora('ink'), lora('oil')],
};

/** Follows instructions. */
export const follower: ModelEntry = {
  ...guidedModel,
  id: 'follower',
  name: 'Follower',
  operations: ['EDIT'],
  editModes: ['INSTRUCTION'],
  limits: { ...tiny.limits, maxReferences: 2 },
};

export interface OpenOptions {
  readonly engines?: readonly Engine[];
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly catalog?: readonly ModelEntry[];
  readonly modelContent?: GenerationServiceOptions['modelContent'];
  readonly loraContent?: GenerationServiceOptions['loraContent'];
  readonly regionDetector?: string;
  readonly log?: GenerationServiceOptions['log'];
  readonly countTokens?: GenerationServiceOptions['countTokens'];
}

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'inkstone-studio-'));

/** A service on a folder of its own, as callers without a key see it. Each test closes the one that it opens. */
export async function openStudio(options: OpenOptions = {}): Promise<CallersUseCases> {
  return asCaller(await openService(options));
}

/** The same for any caller. */
export async function openService(options: OpenOptions = {}): Promise<UseCases> {
  const env = { DATA_DIR: options.dataDir ?? newFolder(), ...options.env };
  const { engines = [new ScriptedEngine()], catalog = [tiny, guidedModel] } = options;
  const service = await createGenerationService({
    ...{ engines, catalog, runtime: '', metrics: new Metrics(), clock: options.clock ?? systemClock },
    usable: { modelFinding: () => null, knownFinding: () => null, loraFinding: () => null },
    modelVersion: () => '',
    countTokens: options.countTokens ?? countWords,
    advise,
    modelContent: options.modelContent ?? ((model) => `content of ${model}`),
    loraContent: options.loraContent ?? ((_, lora) => `content of ${lora}`),
    regionDetector: () => options.regionDetector ?? 'texture',
    settings: settingsOf(env),
    log: options.log ?? pino({ level: 'silent' }),
  });
  // A service is ready when its default model is loaded.
  for (const engine of engines) engine.load(catalog[0]!.id).catch(() => {});
  return service;
}

export const settingsOf = (env: Readonly<Record<string, string | undefined>>) => ({
  generation: generationSection.schema.parse(env),
  jobs: jobsSection.schema.parse(env),
  images: imagesSection.schema.parse(env),
  stores: storesSection.schema.parse(env),
  engine: { JOB_DEADLINE_MS: 60_000, PRECISION_CLASS: env.PRECISION_CLASS },
});

/** Nobody leaves. */
export const stays = (waitMs = 0) => ({ waitMs, signal: new AbortController().signal });
export const untilDone = stays(60_000);
setMaxListeners(0, untilDone.signal);

export async function eventsOf(service: CallersUseCases, id: string, after = 0): Promise<ProgressEvent[]> {
  const events: ProgressEvent[] = [];
  for await (const event of service.progress(id, after, new AbortController().signal)) events.push(event);
  return events;
}

/** The generation when it is over. */
export async function ended(service: CallersUseCases, { id }: Pick<Generation, 'id'>): Promise<Generation> {
  return (await eventsOf(service, id)).at(-1)!.generation;
}

/** A word is a token; sixteen are all that the tiny model sees. */
function countWords(_model: string, prompt: string) {
  const tokens = prompt.split(/\s+/).length;
  return { tokens, truncated: tokens > 16 };
}
