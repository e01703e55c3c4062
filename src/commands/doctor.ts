import { statSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { checkLora, describeCheckpoint } from '../compiler/index.js';
import type { Settings } from '../config.js';
import type { ModelEntry } from '../engine/catalog.js';
import { readModels } from '../engine/checkpoint.js';
import type { EngineConfig } from '../engine/config.js';
import { engineFor } from '../engine/host.js';
import type { Device } from '../engine/job.js';
import { leastMemory, readModel } from '../engine/models/read-model.js';
import { type DeviceFinding, type Findings, type ModelFinding, printFindings } from './findings.js';

/** `inkstone doctor`: starts the engine and looks at everything without loading any of it. Ends with 1 when something stands in the way. */
export async function doctorCommand(settings: Settings, { json = false }: { readonly json?: boolean }): Promise<void> {
  const findings = await examine(settings);
  if (json) console.log(JSON.stringify(findings, null, 2));
  else printFindings(findings);
  if (findings.next.length > 0) process.exitCode = 1;
}

async function examine({ engine, studio }: Settings): Promise<Findings> {
  const device = await deviceOf(engine);
  const data = statSync(studio.DATA_DIR, { throwIfNoEntry: false });
  const dataProblem = data === undefined || data.isDirectory() ? null : 'it is no folder.';
  const models = readModels(engine).map((model) => findingOf(model, device.device ?? 'cpu', engine.ENGINE_MEMORY));
  const broken = models.filter(({ problem }) => problem !== null).map(({ id }) => id);
  return {
    ...{ node: process.version, platform: process.platform, architecture: process.arch, device },
    threads: engine.ENGINE_THREADS,
    memory: { free: freemem(), total: totalmem(), forModels: engine.ENGINE_MEMORY },
    data: { folder: studio.DATA_DIR, isThere: data !== undefined, problem: dataProblem },
    models,
    next: [
      ...(device.problem === null
        ? []
        : ['set ENGINE_DEVICE, FACE_DETECTOR and ENGINE_THREADS to what this machine has']),
      ...(dataProblem === null ? [] : ['set DATA_DIR to a folder']),
      ...(broken.length > 0 ? [`mend or remove ${broken.join(', ')}`] : []),
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

function findingOf(model: ModelEntry, device: Device, budget: number): ModelFinding {
  const { id, name, components, loras } = model;
  const told = { id, name, previews: components.preview !== null, loras: loras.map((lora) => lora.id) };
  try {
    return { ...told, ...weightsOf(model, device, budget), problem: null };
  } catch (error) {
    return { ...told, bytes: null, types: [], problem: (error as Error).message };
  }
}

/** No weight is read, but every tensor is asked for by name and shape. @throws CheckpointError, or a RangeError where memory is short */
function weightsOf({ components, editModes, limits, loras }: ModelEntry, device: Device, budget: number) {
  const { transformer, difference, textEncoder, vae, preview, imageEncoder } = components;
  const model = readModel(components, { device, instructions: editModes.includes('INSTRUCTION'), limits });
  for (const lora of loras) checkLora(transformer, lora.file);
  const least = leastMemory(model);
  if (least > budget)
    throw new RangeError(`Expected an ENGINE_MEMORY of at least ${least} bytes but received ${budget}.`);
  const others = [textEncoder, vae, preview, model.imageEncoder && imageEncoder].filter((folder) => folder !== null);
  const parts = [describeCheckpoint(transformer, difference), ...others.map((folder) => describeCheckpoint(folder))];
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  return { bytes, types: [...new Set(parts.flatMap((part) => part.types))] };
}
