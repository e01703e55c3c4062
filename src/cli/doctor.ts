import { statSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import type { Settings } from '../app/config.js';
import { listModels } from '../catalog/entry-from-checkpoint.js';
import { loraFinding, type Machine, modelFindings, readWhole } from '../catalog/findings.js';
import { describeComponent } from '../checkpoint/index.js';
import type { ModelEntry } from '../domain/model-entry.js';
import type { EngineConfig } from '../engine/config.js';
import { engineFor } from '../engine/process/host.js';
import { type DeviceFinding, type Findings, type ModelFinding, printFindings } from './findings.js';
import { examineServices } from './services.js';

/** `inkstone doctor`: starts the engine and looks at everything without loading any of it. Ends with 1 when something stands in the way. */
export async function doctorCommand(settings: Settings, { json = false }: { readonly json?: boolean }): Promise<void> {
  const findings = await examine(settings);
  if (json) console.log(JSON.stringify(findings, null, 2));
  else printFindings(findings);
  if (findings.next.length > 0) process.exitCode = 1;
}

async function examine(settings: Settings): Promise<Findings> {
  const { engine, generation } = settings;
  const services = await examineServices(settings);
  const device = await deviceOf(engine);
  const data = statSync(generation.DATA_DIR, { throwIfNoEntry: false });
  const dataProblem = data === undefined || data.isDirectory() ? null : 'it is no folder.';
  const { models: listed, unreadable } = listModels(engine);
  const machine = { device: device.device ?? 'cpu', budget: engine.ENGINE_MEMORY };
  const models = listed.map((model) => findingOf(model, machine));
  const broken = [
    ...unreadable.map(() => 'what is no checkpoint'),
    ...models.flatMap(({ id, problems, unusableLoras }) =>
      problems.length > 0 ? [id] : unusableLoras.map((lora) => `${lora.id} of ${id}`),
    ),
  ];
  return {
    ...{ node: process.version, platform: process.platform, architecture: process.arch, device },
    threads: engine.ENGINE_THREADS,
    memory: { free: freemem(), total: totalmem(), forModels: engine.ENGINE_MEMORY },
    data: { folder: generation.DATA_DIR, isThere: data !== undefined, problem: dataProblem },
    services,
    models,
    noCheckpoints: unreadable,
    next: [
      ...(device.problem === null
        ? []
        : ['set ENGINE_DEVICE, FACE_DETECTOR and ENGINE_THREADS to what this machine has']),
      ...(dataProblem === null ? [] : ['set DATA_DIR to a folder']),
      ...new Set(services.flatMap(({ next }) => next)),
      ...(broken.length > 0 ? [`mend or remove ${[...new Set(broken)].join(', ')}`] : []),
    ],
  };
}

/** What an engine chose that was started here as the server starts it. */
async function deviceOf(settings: EngineConfig): Promise<DeviceFinding> {
  const engine = engineFor(settings, [], { info() {}, warn() {} });
  try {
    return { ...(await engine.ready()), problem: null };
  } catch (error) {
    return { device: null, reason: null, problem: (error as Error).message };
  } finally {
    await engine.close();
  }
}

function findingOf(model: ModelEntry, machine: Machine): ModelFinding {
  const { id, name, components, loras } = model;
  const problems = modelFindings(model, machine).map(({ sentence }) => sentence);
  const looked = problems.length > 0 ? [] : loras.map((lora) => ({ lora, finding: loraFinding(model, lora) }));
  const unusableLoras = looked.flatMap(({ lora, finding }) =>
    finding === null ? [] : [{ id: lora.id, problem: `${finding.sentence} (${lora.file})` }],
  );
  const weights = problems.length > 0 ? { bytes: null, types: [] } : weightsOf(model, machine);
  return {
    ...{ id, name, previews: components.preview !== null, ...weights, problems, unusableLoras },
    loras: looked.flatMap(({ lora, finding }) => (finding === null ? [lora.id] : [])),
  };
}

function weightsOf(model: ModelEntry, { device }: Machine) {
  const { transformer, adapter, textEncoder, vae, preview, imageEncoder } = model.components;
  // Not every transformer has a use for one.
  const seeing = readWhole(model, device).imageEncoder === null ? null : imageEncoder;
  const parts = [
    describeComponent(transformer, { adapter, part: 'transformer' }),
    describeComponent(textEncoder, { part: 'text encoder' }),
    describeComponent(vae, { part: 'autoencoder' }),
    ...[preview, seeing].filter((location) => location !== null).map((location) => describeComponent(location)),
  ];
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return { bytes, types: [...new Set(parts.flatMap((part) => part.types))] };
}
