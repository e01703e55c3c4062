import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CheckpointError } from '../errors.js';

/** Element types that are read here, with their size in bytes. U8 is for codes; F64, I64 and I32 are for LoRAs' alphas. */
export const elementBytes = {
  F32: 4,
  F16: 2,
  BF16: 2,
  I8: 1,
  F8_E4M3: 1,
  F8_E5M2: 1,
  U8: 1,
  F64: 8,
  I64: 8,
  I32: 4,
} as const;
export type StoredType = keyof typeof elementBytes;

/** Other types of the format: a tensor that no graph needs may have any type, also one that is newer than this list. */
const otherBytes = new Map(Object.entries({ BOOL: 1, F8_E8M0: 1, I16: 2, U16: 2, U32: 4, U64: 8, C64: 8 }));

/** Where a tensor lies: bytes from the start of the file. */
export interface StoredTensor {
  readonly name: string;
  /** One of `elementBytes` where anything is to be read of it. */
  readonly type: string;
  readonly shape: readonly number[];
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** What a file's header says. */
export interface Header {
  readonly tensors: readonly StoredTensor[];
  /** What its writer noted, by name. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** Longer headers are refused by the reference implementation too. */
const MAX_HEADER_BYTES = 100_000_000;

/** How a pointer begins that Git LFS leaves where it has not fetched the file itself. */
const LFS_POINTER = 'version ';

/**
 * Reads a safetensors file's header: eight bytes of length (little endian), so many bytes of JSON, then the data.
 * Nothing of the data is read. https://huggingface.co/docs/safetensors#format
 *
 * @param name what complaints call the file
 * @throws CheckpointError when there is no such file, or the header is cut short, is no JSON, or does not agree with itself or the
 *   file's size
 */
export function readSafetensors(file: string, name = file): Header {
  const descriptor = opened(file, name);
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw malformed(name, 'it is no file');
    const { size } = status;
    const prefix = read(descriptor, 0, 8);
    if (prefix.length < 8) throw malformed(name, `at least 8 bytes were expected but it has ${size}`);
    if (prefix.toString('latin1') === LFS_POINTER)
      throw malformed(
        name,
        'it is a pointer that Git LFS left in its place, and `git lfs pull` fetches the file itself',
      );
    const headerLength = Number(prefix.readBigUInt64LE());
    if (headerLength > Math.min(size - 8, MAX_HEADER_BYTES))
      throw malformed(name, `its header is said to be ${headerLength} bytes long but the file has ${size}`);
    const { __metadata__: metadata, ...entries } = parse(name, read(descriptor, 8, headerLength).toString('utf8'));
    const start = 8 + headerLength;
    const tensors = Object.entries(entries).map(([tensor, entry]) =>
      stored({ file, name, start, size }, tensor, entry),
    );
    refuseOverlaps(name, tensors);
    return { tensors, metadata: isObject(metadata) ? metadata : {} };
  } finally {
    closeSync(descriptor);
  }
}

/** The tensors of a file. @throws CheckpointError as `readSafetensors` */
export function readHeader(file: string): readonly StoredTensor[] {
  return readSafetensors(file).tensors;
}

function opened(file: string, name: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CheckpointError(`${name} could not be opened: ${code}.`, code === 'ENOENT' ? 'missing' : 'damaged');
  }
}

/** A file that is read: where its data begins, and how many bytes it has. */
interface Place {
  readonly file: string;
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

function stored({ file, name: of, start, size }: Place, name: string, entry: unknown): StoredTensor {
  const { dtype, shape, data_offsets: range } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== 'string') throw malformed(of, `the tensor "${name}" has no proper dtype`);
  if (!isWholeNumbers(shape) || !isWholeNumbers(range) || range.length !== 2)
    throw malformed(of, `the tensor "${name}" has no proper shape and data_offsets`);
  const [begin, end] = range as [number, number];
  const bytes = isType(dtype) ? elementBytes[dtype] : otherBytes.get(dtype);
  const length = end - begin;
  const expected = bytes === undefined ? Math.max(0, length) : shape.reduce((product, side) => product * side, bytes);
  if (length !== expected)
    throw malformed(
      of,
      `the tensor "${name}" of ${dtype} ${shape.join('×')} needs ${expected} bytes but its range has ${length}`,
    );
  if (start + end > size)
    throw malformed(of, `the tensor "${name}" ends at byte ${start + end} but the file has ${size}`);
  return { name, type: dtype, shape, file, offset: start + begin, length };
}

function refuseOverlaps(file: string, tensors: readonly StoredTensor[]): void {
  const ordered = tensors.filter(({ length }) => length > 0).sort((a, b) => a.offset - b.offset);
  for (const [i, { name, offset }] of ordered.entries()) {
    const before = ordered[i - 1];
    if (before !== undefined && before.offset + before.length > offset)
      throw malformed(file, `the tensors "${before.name}" and "${name}" lie on the same bytes`);
  }
}

function parse(file: string, text: string): Record<string, unknown> {
  const header = json(text);
  if (!isObject(header)) throw malformed(file, 'its header is no JSON object');
  const twice = repeatedKey(text);
  if (twice !== null) throw malformed(file, `its header lists ${twice} twice`);
  return header;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** A key of an object's text that it has more than once, of which JSON.parse keeps the last. */
function repeatedKey(text: string): string | null {
  const seen = new Set<string>();
  let depth = 0;
  for (const [token, string, colon] of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|[{}[\]]/g)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (depth === 1 && colon !== undefined) {
      if (seen.has(string!)) return string!;
      seen.add(string!);
    }
  }
  return null;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function read(descriptor: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(descriptor, buffer, 0, length, position));
}

/** Whether numbers or codes of this type can be read here. */
export function isType(value: string): value is StoredType {
  return Object.hasOwn(elementBytes, value);
}

function isWholeNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function malformed(file: string, what: string): CheckpointError {
  return new CheckpointError(`${file} is no whole safetensors file: ${what}.`, 'damaged');
}
