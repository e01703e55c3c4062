import type { Settings } from '../app/config.js';
import { createLog } from '../app/local.js';
import { publishModels } from '../app/publish.js';
import { openStores, type Stores } from '../app/stores.js';
import { Checks } from '../catalog/checks.js';
import { readModels } from '../catalog/entry-from-checkpoint.js';
import { KeptFileHashes } from '../catalog/file-hashes.js';
import { Library } from '../catalog/library.js';
import type { EngineConfig } from '../engine/config.js';
import { runtimeName } from '../engine/process/device.js';
import { engineFor } from '../engine/process/host.js';
import { systemClock } from '../environment/clock.js';
import { UsageError } from './usage.js';

/** `inkstone catalog publish`: what workers do when they start, for a fleet that has none yet. */
export async function publishCommand(settings: Settings): Promise<void> {
  const { engine, generation } = settings;
  const device = engine.PRECISION_CLASS ?? (await deviceOf(engine));
  const checks = new Checks();
  await withStores(settings, async (stores) => {
    const entries = readModels(engine);
    const hashes = new KeptFileHashes(generation.DATA_DIR);
    const library = new Library(entries, {
      machine: { device: engine.ENGINE_DEVICE === 'auto' ? 'cpu' : engine.ENGINE_DEVICE, budget: engine.ENGINE_MEMORY },
      faceDetector: engine.FACE_DETECTOR,
      hashes,
      checks,
      report: (sentence) => console.error(sentence),
    });
    const computedBy = { device, runtime: runtimeName() };
    const models = await publishModels({ entries, library, computedBy, stores, clock: systemClock });
    await hashes.save();
    for (const { description, content } of models)
      console.log(`${description.id} is published: content ${content.slice(0, 12)}, computed by ${device}.`);
  }).finally(() => checks.close());
}

/** `inkstone catalog retire MODEL`. */
export async function retireCommand(settings: Settings, model: string): Promise<void> {
  await withStores(settings, async ({ models }) => {
    const ids = new Set((await models.publications()).map((publication) => publication.model.description.id));
    if (!(await models.retire(model)))
      throw new UsageError(
        `Expected one of ${[...ids].join(', ') || 'no models'} but received ${JSON.stringify(model)}.`,
      );
    console.log(`${model} is offered no more, until a worker publishes it again.`);
  });
}

async function withStores(settings: Settings, work: (stores: Stores) => Promise<void>): Promise<void> {
  const stores = await openStores({ settings, log: createLog(settings.http.LOG_LEVEL), clock: systemClock });
  try {
    await work(stores);
  } finally {
    stores.health.close();
    await stores.close();
  }
}

async function deviceOf(settings: EngineConfig): Promise<string> {
  const engine = engineFor(settings, [], { info() {}, warn() {} });
  try {
    return (await engine.ready()).device;
  } finally {
    await engine.close();
  }
}
