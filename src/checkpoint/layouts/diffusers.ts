import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { CheckpointError } from '../errors.js';
import { readHeader, type StoredTensor } from '../formats/safetensors.js';
import { type Difference, factorsOf, openDifference } from '../lora/adapter.js';

/** A component folder: its configuration and where its tensors lie. No weight has been read. */
export interface Component {
  readonly folder: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** What is added to the weights; null where they are used as they lie. */
  readonly difference: Difference | null;
  /** A real folder that holds every file of weights; ONNX Runtime reads nothing outside it. */
  readonly weightsFolder: string;
}

const FILES = ['diffusion_pytorch_model.safetensors', 'model.safetensors'];

/**
 * Opens a component of a diffusers-layout checkpoint.
 *
 * @param differenceFolder holds low-rank factors that are added to its weights
 * @throws CheckpointError
 */
export function openComponent(folder: string, differenceFolder: string | null = null): Component {
  const config = readJson(join(folder, 'config.json'));
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
  const difference = differenceFolder === null ? null : openDifference(differenceFolder, tensors);
  return {
    folder,
    config,
    tensors,
    difference,
    weightsFolder: commonFolder([...tensors.values(), ...factorsOf(difference)].map(({ file }) => dirname(file))),
  };
}

/** The path of a tensor's file as seen from the component's weights folder, in the form ONNX has it. */
export function location({ weightsFolder }: Component, { file }: StoredTensor): string {
  return relative(weightsFolder, file).split(sep).join('/');
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

/** @throws CheckpointError when it is not there, or holds no JSON object */
export function readJson(file: string): Record<string, unknown> {
  const value = parsed(file);
  if (isRecord(value)) return value;
  throw new CheckpointError(
    `${file}: expected a JSON object but it is ${JSON.stringify(value).slice(0, 40)}.`,
    'damaged',
  );
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new CheckpointError(
      missing ? `${file} is missing.` : `${file} could not be read: ${(error as Error).message}.`,
      missing ? 'missing' : 'damaged',
    );
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function commonFolder(folders: readonly string[]): string {
  const parts = [...new Set(folders)].map((folder) => folder.split(sep));
  const [first = []] = parts;
  let depth = first.length;
  while (depth > 1 && !parts.every((path) => first.slice(0, depth).every((part, i) => path[i] === part))) depth--;
  return first.slice(0, depth).join(sep) || sep;
}
