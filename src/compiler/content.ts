import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { CheckpointError } from './errors.js';
import { ADAPTER_KEY } from './lora-scaling.js';
import { type Header, readSafetensors, type StoredTensor } from './safetensors.js';

/** Bytes read at each end of a tensor: enough to tell two fine-tunes apart, little enough to be cheap at 30 GB. */
const SAMPLE_BYTES = 4096;
const remembered = new Map<string, string>();

/**
 * What decides a model's pictures, as a sha256 in hexadecimal: over the safetensors headers, the first and last 4 KiB of every tensor,
 * and the whole of the smaller files (configurations, tokenizer, schedule) of its component folders and single files. Remembered while the files keep
 * their identity, size and time.
 */
export function contentHash(paths: readonly string[]): string {
  const files = paths.flatMap(filesOf);
  const identity = files.map(({ name, path }) => `${name} ${identify(path)}`).join('\n');
  const known = remembered.get(identity);
  if (known !== undefined) return known;
  const hash = createHash('sha256');
  for (const { name, path } of files) {
    hash.update(`${name}\0`);
    if (!name.endsWith('.safetensors')) hash.update(readFileSync(path));
    else for (const piece of samples(path)) hash.update(piece);
  }
  const digest = hash.digest('hex');
  remembered.set(identity, digest);
  return digest;
}

/** Names are counted from the folder, so that the same checkpoint elsewhere is the same model. */
function filesOf(folder: string, index: number): { name: string; path: string }[] {
  if (!existsSync(folder)) return [];
  if (statSync(folder).isFile()) return [{ name: `${index}/${basename(folder)}`, path: realpathSync(folder) }];
  return readdirSync(folder)
    .filter((name) => /\.(safetensors|json|txt)$/.test(name))
    .filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile())
    .sort()
    .map((name) => ({ name: `${index}/${name}`, path: realpathSync(join(folder, name)) }));
}

function identify(path: string): string {
  const { dev, ino, size, mtimeMs } = statSync(path);
  return `${path} ${dev} ${ino} ${size} ${mtimeMs}`;
}

function* samples(path: string): Generator<string | Uint8Array> {
  const header = headerOf(path);
  if (header === null) {
    yield 'of no use\n';
    return;
  }
  const { tensors: listed, metadata } = header;
  // Of the remarks in a header, the only one that is read.
  if (ADAPTER_KEY in metadata) yield `${ADAPTER_KEY} ${String(metadata[ADAPTER_KEY])}\n`;
  const tensors = [...listed].sort((a, b) => a.offset - b.offset);
  const descriptor = openSync(path, 'r');
  const read = (offset: number, length: number) => {
    const buffer = Buffer.alloc(length);
    return buffer.subarray(0, readSync(descriptor, buffer, 0, length, offset));
  };
  try {
    for (const tensor of tensors) {
      yield describe(tensor);
      const length = Math.min(SAMPLE_BYTES, tensor.length);
      yield read(tensor.offset, length);
      yield read(tensor.offset + tensor.length - length, length);
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Null where it cannot be read: the model may have no use for that file, and if it has, whoever opens it says what is wrong. */
function headerOf(path: string): Header | null {
  try {
    return readSafetensors(path);
  } catch (error) {
    if (error instanceof CheckpointError) return null;
    throw error;
  }
}

function describe({ name, type, shape, length }: StoredTensor): string {
  return `${name} ${type} ${shape.join('×')} ${length}\n`;
}
