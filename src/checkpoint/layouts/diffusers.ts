import { existsSync, lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Contents } from '../component.js';
import { CheckpointError } from '../errors.js';
import { readHeader, type StoredTensor } from '../formats/safetensors.js';
import { isRecord, readJson } from '../json.js';

const FILES = ['diffusion_pytorch_model.safetensors', 'model.safetensors'];

/**
 * Reads a component folder of a diffusers-layout checkpoint: `config.json` beside one safetensors file, or several with an index.
 *
 * @throws CheckpointError
 */
export function readDiffusersFolder(folder: string): Contents {
  const configFile = join(folder, 'config.json');
  const config = readJson(configFile);
  const tensors = new Map<string, StoredTensor>();
  for (const file of weightFiles(folder)) {
    // Links are followed here, because ONNX Runtime refuses those that leave its folder (the Hugging Face cache is made of them).
    for (const tensor of readHeader(realpathSync(file))) {
      if (tensors.has(tensor.name))
        throw new CheckpointError(
          `${file} holds the tensor "${tensor.name}", which another file of ${folder} holds as well.`,
        );
      tensors.set(tensor.name, tensor);
    }
  }
  checkIndex(folder, tensors);
  return { configFile, config, tensors };
}

/** The names that the index promises are really in the shards. */
function checkIndex(folder: string, tensors: ReadonlyMap<string, StoredTensor>): void {
  const index = indexFile(folder);
  if (index === null) return;
  for (const [name, shard] of Object.entries(weightMap(index))) {
    if (!tensors.has(name))
      throw new CheckpointError(`${index} says that "${name}" is in ${shard}, but it is not there.`, 'damaged');
  }
}

function weightFiles(folder: string): string[] {
  const index = indexFile(folder);
  if (index !== null) {
    return [...new Set(Object.values(weightMap(index)))].map((shard) => {
      const file = join(folder, shard);
      if (!present(file))
        throw new CheckpointError(`${index} names the file ${shard}, but it is not in ${folder}.`, 'missing');
      return file;
    });
  }
  const file = FILES.map((name) => join(folder, name)).find(present);
  if (file === undefined)
    throw new CheckpointError(
      `${folder} holds no weights: expected ${FILES.join(' or ')}, or an index of shards.`,
      'missing',
    );
  return [file];
}

function indexFile(folder: string): string | null {
  return FILES.map((name) => join(folder, `${name}.index.json`)).find(present) ?? null;
}

/** Whether there is such a file. @throws CheckpointError where it is a link to nothing, as a download that was given up leaves it */
function present(file: string): boolean {
  if (existsSync(file)) return true;
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return false;
  throw new CheckpointError(`${file} is a link to ${readlinkSync(file)}, which is not there.`, 'missing');
}

function weightMap(index: string): Record<string, string> {
  const map = readJson(index).weight_map;
  if (!isRecord(map)) throw new CheckpointError(`${index}: expected "weight_map" to be an object of file names.`);
  for (const [name, shard] of Object.entries(map)) {
    if (typeof shard !== 'string')
      throw new CheckpointError(
        `${index}: expected the file of "${name}" to be a name but it is ${JSON.stringify(shard)}.`,
      );
  }
  return map as Record<string, string>;
}
