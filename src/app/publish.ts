import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Library } from '../catalog/library.js';
import type { ComputedBy } from '../domain/canonical.js';
import type { ModelDescription, ModelEntry } from '../domain/model-entry.js';
import type { PublishedModel } from '../domain/published-model.js';
import type { Clock } from '../environment/clock.js';
import type { Stores } from './stores.js';

export interface PublishOptions {
  readonly entries: readonly ModelEntry[];
  readonly library: Pick<Library, 'content' | 'loraContent' | 'finding' | 'loraFinding' | 'regionDetector'>;
  readonly computedBy: ComputedBy;
  readonly stores: Pick<Stores, 'models' | 'files'>;
  readonly clock: Clock;
}

/** Milliseconds between two looks of a publisher at its files. */
const LOOK_EVERY_MS = 60_000;
const RETRY_MS = 2000;
/** A publisher is there when it was seen within so many milliseconds. */
export const SEEN_WITHIN_MS = 3 * LOOK_EVERY_MS;

/** Tells a fleet which models there are: those that can be used, with their tokenizers. Resolves with them. @throws StorageUnavailable */
export async function publishModels(options: PublishOptions): Promise<readonly PublishedModel[]> {
  const { stores, clock } = options;
  const models = await describeModels(options);
  for (const model of models) await stores.models.publish(model, clock.now());
  return models;
}

/** Publishes now, and again whenever files have changed, until what it returns is called. */
export function keepPublishing(
  options: PublishOptions & { readonly log: { warn(details: object, message: string): void } },
): () => void {
  const { stores, clock, log } = options;
  let told = new Map<string, string>();
  let closed = false;
  let stop = () => {};
  const look = async () => {
    const models = await describeModels(options);
    for (const model of models) {
      const isTold = told.get(model.description.id) === JSON.stringify(model);
      await (isTold ? stores.models.see(model, clock.now()) : stores.models.publish(model, clock.now()));
    }
    told = new Map(models.map((model) => [model.description.id, JSON.stringify(model)]));
    return LOOK_EVERY_MS;
  };
  const keep = async () => {
    const pauseMs = await look().catch((error) => {
      if (!closed) log.warn({ err: error }, 'the models were not published');
      return RETRY_MS;
    });
    if (!closed) stop = clock.after(pauseMs, () => void keep());
  };
  void keep();
  return () => {
    closed = true;
    stop();
  };
}

/** Those that can be used, once the files of their tokenizers are stored. */
async function describeModels(options: PublishOptions): Promise<readonly PublishedModel[]> {
  const { entries, library } = options;
  const usable: ModelEntry[] = [];
  for (const entry of entries) if ((await library.finding(entry.id)) === null) usable.push(entry);
  return Promise.all(usable.map((entry, position) => describe(entry, position, options)));
}

async function describe(
  entry: ModelEntry,
  position: number,
  { library, computedBy, stores: { files } }: PublishOptions,
): Promise<PublishedModel> {
  const { components, loras: listed, ...rest } = entry;
  const contents: [string, string][] = [];
  const loras: ModelDescription['loras'][number][] = [];
  for (const { file: _, ...lora } of listed) {
    if ((await library.loraFinding(entry.id, lora.id)) !== null) continue;
    loras.push(lora);
    contents.push([lora.id, await library.loraContent(entry.id, lora.id)]);
  }
  const store = async (name: string) => files.put(await readFile(join(components.tokenizer, name)));
  return {
    ...{ description: { ...rest, loras }, position, computedBy },
    content: await library.content(entry.id),
    loras: Object.fromEntries(contents),
    tokenizer: {
      'tokenizer.json': await store('tokenizer.json'),
      'tokenizer_config.json': await store('tokenizer_config.json'),
    },
    regionDetector: await library.regionDetector(),
  };
}
