import type { Logger } from 'pino';
import { Checks } from '../catalog/checks.js';
import { listModels } from '../catalog/entry-from-checkpoint.js';
import { KeptFileHashes } from '../catalog/file-hashes.js';
import { Library } from '../catalog/library.js';
import { loadDefault } from '../catalog/load-default.js';
import type { ModelEntry } from '../domain/model-entry.js';
import { engineFor, type HostedEngine } from '../engine/process/host.js';
import type { Settings } from './config.js';

/** The models of this machine, and the engine that computes with them. */
export interface OpenModels {
  /** The first is the default. */
  readonly entries: readonly ModelEntry[];
  readonly library: Library;
  readonly engine: HostedEngine;
  /** Resolves with the default model when it is loaded; rejects with what is wrong where none can be used. */
  readonly warm: Promise<ModelEntry>;
  /** Writes down which file has which hash: their folder is there from when the stores are open. */
  keepHashes(): Promise<void>;
  /** Looks at all models and LoRAs, and logs which cannot be used. */
  inspect(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenModelsOptions {
  /** Left out, those of the catalog and of the named checkpoints. */
  readonly models?: readonly ModelEntry[];
  /** Where hashes of large files are kept; left out, with the other data. */
  readonly hashesFolder?: string;
  /** Whether the first model is wanted and no other in its place; left out, the first that can be used is the default. */
  readonly insists?: boolean;
}

/** Starts an engine and has it load the default model, without waiting for either. @throws CatalogError */
export function openModels(
  settings: Settings,
  log: Logger,
  { models: given, hashesFolder = settings.generation.DATA_DIR, insists = false }: OpenModelsOptions = {},
): OpenModels {
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
  // The engine's process takes longer than this to start.
  library.glance();
  // The default model is loaded while everything else is read and opened: a cold start is an eighth shorter.
  const warm = loadDefault(engine, models, library, { insists });
  // A rejection is handled where `warm` is awaited, which may be never.
  warm.catch(() => {});
  // The first request needs its content, which of a large checkpoint takes as long to read as loading it does.
  if (models[0] !== undefined) library.content(models[0].id).catch(() => {});
  return {
    entries: models,
    library,
    engine,
    warm,
    keepHashes: () => hashes.save(),
    inspect: () => library.inspect(),
    async close() {
      await engine.close();
      await checks.close();
    },
  };
}
