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

/** `inkstone doctor`: starts the engine and looks at everything without loading any of it. Ends with 1 when something stands in the way. */
export async function doctorCommand({ engine, studio }: Settings): Promise<void> {
  console.log(`Node      ${process.version}, ${process.platform} ${process.arch}`);
  const device = await deviceOf(engine);
  console.log(`Threads   ${engine.ENGINE_THREADS}`);
  console.log(
    `Memory    ${size(freemem())} free of ${size(totalmem())}; models may take ${size(engine.ENGINE_MEMORY)}`,
  );
  const data = statSync(studio.DATA_DIR, { throwIfNoEntry: false });
  const usable = data === undefined || data.isDirectory();
  const remark = data === undefined ? ' (made at the first start)' : ' cannot be used: it is no folder.';
  console.log(`Data      ${studio.DATA_DIR}${data?.isDirectory() ? '' : remark}`);

  const models = readModels(engine);
  const broken = models.filter((model) => !isWhole(model, device ?? 'cpu', engine.ENGINE_MEMORY));
  const steps = [
    ...(device === null ? ['set ENGINE_DEVICE, FACE_DETECTOR and ENGINE_THREADS to what this machine has'] : []),
    ...(usable ? [] : ['set DATA_DIR to a folder']),
    ...(broken.length > 0 ? [`mend or remove ${broken.map(({ id }) => id).join(', ')}`] : []),
  ];
  console.log('');
  if (steps.length > 0) {
    console.log(`Next: ${steps.join('; ')}; then ask again.`);
    process.exitCode = 1;
  } else {
    console.log('Next: `npm start`, or `inkstone generate "a panda, snow background" --out panda.png`.');
  }
}

/** What an engine chose that was started here as the server starts it; null when it does not start. */
async function deviceOf(settings: EngineConfig): Promise<Device | null> {
  const engine = engineFor(settings, [], { info() {}, warn() {} });
  try {
    const { device, reason } = await engine.ready();
    console.log(`Device    ${device}: ${reason}`);
    return device;
  } catch (error) {
    console.log(`Device    cannot be used. ${(error as Error).message}`);
    return null;
  } finally {
    await engine.close();
  }
}

function isWhole(model: ModelEntry, device: Device, budget: number): boolean {
  try {
    console.log(`Model     ${[described(model, device, budget), ...remarksOn(model)].join('; ')}`);
    return true;
  } catch (error) {
    console.log(`Model     ${model.id} cannot be used. ${(error as Error).message}`);
    return false;
  }
}

/** No weight is read, but every tensor is asked for by name and shape. @throws CheckpointError, or a RangeError where memory is short */
function described({ id, name, components, editModes, limits, loras }: ModelEntry, device: Device, budget: number) {
  const { transformer, difference, textEncoder, vae, preview, imageEncoder } = components;
  const model = readModel(components, { device, instructions: editModes.includes('INSTRUCTION'), limits });
  for (const lora of loras) checkLora(transformer, lora.file);
  const least = leastMemory(model);
  if (least > budget)
    throw new RangeError(`Expected an ENGINE_MEMORY of at least ${least} bytes but received ${budget}.`);
  const others = [textEncoder, vae, preview, model.imageEncoder && imageEncoder].filter((folder) => folder !== null);
  const parts = [describeCheckpoint(transformer, difference), ...others.map((folder) => describeCheckpoint(folder))];
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const types = [...new Set(parts.flatMap((part) => part.types))].join(', ');
  return `${id} (${name}) is whole: ${size(bytes)} of weights in ${types}`;
}

function remarksOn({ components: { preview }, loras }: ModelEntry): string[] {
  return [
    ...(preview === null ? ['no previews'] : []),
    ...(loras.length === 0 ? [] : [`LoRAs: ${loras.map((lora) => lora.id).join(', ')}`]),
  ];
}

function size(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
