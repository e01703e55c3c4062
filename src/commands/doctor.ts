import { existsSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import {
  checkLora,
  compileTextEncoder,
  compileTinyDecoder,
  compileTransformer,
  compileVaeDecoder,
  describeCheckpoint,
  type Target,
} from '../compiler/index.js';
import type { Settings } from '../config.js';
import type { ModelEntry } from '../engine/catalog.js';
import { readModels } from '../engine/checkpoint.js';
import { chooseDevice } from '../engine/device.js';

/** `inkstone doctor`: looks at everything without loading any of it. Ends with 1 when something stands in the way. */
export async function doctorCommand({ engine, studio }: Settings): Promise<void> {
  const { device, reason } = chooseDevice(engine.ENGINE_DEVICE);
  console.log(`Node      ${process.version}, ${process.platform} ${process.arch}`);
  console.log(`Device    ${device}: ${reason}`);
  console.log(`Threads   ${engine.ENGINE_THREADS}`);
  console.log(
    `Memory    ${size(freemem())} free of ${size(totalmem())}; models may take ${size(engine.ENGINE_MEMORY)}`,
  );
  console.log(`Data      ${studio.DATA_DIR}${existsSync(studio.DATA_DIR) ? '' : ' (made at the first start)'}`);

  const models = readModels(engine);
  const broken = models.filter((model) => !isWhole(model, device));
  console.log('');
  if (broken.length > 0) {
    console.log(`Next: mend or remove ${broken.map(({ id }) => id).join(', ')}, then ask again.`);
    process.exitCode = 1;
  } else {
    console.log('Next: `npm start`, or `inkstone generate "a panda, snow background" --out panda.png`.');
  }
}

function isWhole({ id, name, components, loras }: ModelEntry, target: Target): boolean {
  const { transformer, difference, textEncoder, vae, preview } = components;
  try {
    // Compiling reads no weights, but asks for every tensor by name and shape.
    compileTextEncoder(textEncoder, { target });
    compileTransformer(transformer, { target, difference });
    compileVaeDecoder(vae, { target });
    if (preview !== null) compileTinyDecoder(preview, { target });
    for (const lora of loras) checkLora(transformer, lora.file);
  } catch (error) {
    console.log(`Model     ${id} cannot be used. ${(error as Error).message}`);
    return false;
  }
  const parts = [
    describeCheckpoint(transformer, difference),
    ...[textEncoder, vae, ...(preview === null ? [] : [preview])].map((folder) => describeCheckpoint(folder)),
  ];
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const types = [...new Set(parts.flatMap((part) => part.types))].join(', ');
  const remarks = [
    ...(preview === null ? ['no previews'] : []),
    ...(loras.length === 0 ? [] : [`LoRAs: ${loras.map((lora) => lora.id).join(', ')}`]),
  ];
  console.log(
    `Model     ${[`${id} (${name}) is whole: ${size(bytes)} of weights in ${types}`, ...remarks].join('; ')}`,
  );
  return true;
}

function size(bytes: number): string {
  const gib = bytes / 2 ** 30;
  return gib >= 1 ? `${gib.toFixed(1)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
