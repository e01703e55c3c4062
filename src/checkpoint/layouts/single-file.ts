import { existsSync, realpathSync } from 'node:fs';
import type { Contents } from '../component.js';
import { CheckpointError } from '../errors.js';
import { readSafetensors, type StoredTensor } from '../formats/safetensors.js';
import { readBytes } from '../formats/values.js';
import { isRecord, readJson } from '../json.js';
import { autoencoder } from './single/autoencoder.js';
import { configBeside, type Part, parts, type Spelling, type Tensors } from './single/part.js';
import { textEncoder } from './single/text-encoder.js';
import { requireThirds, transformer } from './single/transformer.js';

const spellings: Readonly<Record<Part, Spelling>> = { transformer, 'text encoder': textEncoder, autoencoder };

/** What ComfyUI's files say of layers that are stored as value · scale, which is read here. */
const FORMATS = ['float8_e4m3fn', 'float8_e5m2'];
/** Of a layer: how its inputs are scaled where products are computed in 8 bits, and how its weight is stored. */
const NOT_READ = /(?:^|\.)(?:input_scale|scale_input|comfy_quant)$/;

/**
 * Reads one part of a checkpoint from a single safetensors file, as ComfyUI and others keep them; a file may hold several parts. Its
 * configuration is worked out from shapes; where a file lies beside it that `configBeside` names, that is the
 * configuration instead.
 *
 * @param part which; null where the file holds only one
 * @throws CheckpointError where it holds no such part, or a layer is stored in a format that is not read
 */
export function readSingleFile(location: string, part: Part | null): Contents {
  // ONNX Runtime refuses links that leave the folder that they lie in.
  const file = realpathSync(location);
  const { tensors, metadata } = readSafetensors(file, location);
  const held = parts.filter((name) => prefixOf(tensors, spellings[name]) !== null);
  const wanted = part ?? (held.length === 1 ? held[0]! : null);
  if (wanted === null || !held.includes(wanted))
    throw new CheckpointError(
      `${location}: expected ${wanted === null ? 'one part of a checkpoint' : `the ${wanted} of a Z-Image checkpoint`} but it holds ${held.map((name) => `the ${name}`).join(' and ') || 'none'}.`,
    );
  requireFormats(location, tensors, metadata);
  const spelling = spellings[wanted];
  const own = ownTensors(tensors, spelling);
  if (wanted === 'transformer') requireThirds(own, location);
  const renamed = new Map(
    [...own.values()]
      .filter(({ name }) => !NOT_READ.test(name))
      .flatMap((tensor) => spelling.rename(tensor).map((one) => [one.name, one] as const)),
  );
  const beside = configBeside(location, wanted);
  return existsSync(beside)
    ? { configFile: beside, config: readJson(beside), tensors: renamed }
    : { configFile: location, config: spelling.config(renamed, location), tensors: renamed };
}

/** Which parts of a checkpoint a single file holds. @throws CheckpointError */
export function partsOf(file: string): readonly Part[] {
  const { tensors } = readSafetensors(file);
  return parts.filter((name) => prefixOf(tensors, spellings[name]) !== null);
}

function prefixOf(tensors: readonly StoredTensor[], { prefixes, mark }: Spelling): string | null {
  const has = (prefix: string) =>
    tensors.some(({ name }) => name.startsWith(prefix) && mark.test(name.slice(prefix.length)));
  return prefixes.find(has) ?? null;
}

/** A part's tensors by their names without prefix. */
function ownTensors(tensors: readonly StoredTensor[], spelling: Spelling): Tensors {
  const prefix = prefixOf(tensors, spelling)!;
  return new Map(
    tensors
      .filter(({ name }) => name.startsWith(prefix))
      .map((tensor) => {
        const name = tensor.name.slice(prefix.length);
        return [name, { ...tensor, name }];
      }),
  );
}

/** @throws CheckpointError where a layer says that it is stored in another format */
function requireFormats(
  file: string,
  tensors: readonly StoredTensor[],
  metadata: Readonly<Record<string, unknown>>,
): void {
  const said = [
    ...tensors
      .filter(({ name, type }) => name.endsWith('.comfy_quant') && type === 'U8')
      .map((tensor) => ({ layer: tensor.name, ...json(Buffer.from(readBytes(tensor)).toString()) })),
    ...Object.entries(record(json(String(metadata._quantization_metadata ?? '{}')).layers)).map(([layer, value]) => ({
      layer,
      ...record(value),
    })),
  ] as readonly { readonly layer: string; readonly format?: unknown }[];
  const other = said.find(({ format }) => !FORMATS.includes(String(format)));
  if (other === undefined) return;
  throw new CheckpointError(
    `${file}: expected "${other.layer}" to be stored as ${FORMATS.join(' or ')} but it says ${JSON.stringify(other.format) ?? 'nothing'}.`,
  );
}

function json(text: string): Record<string, unknown> {
  try {
    return record(JSON.parse(text));
  } catch {
    return {};
  }
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
