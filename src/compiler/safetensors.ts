import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { CheckpointError } from './errors.js';

/** Element types of the format that files of this family use, with their size in bytes. U8 is for codes, the last row for LoRAs' alphas. */
export const elementBytes = { F32: 4, F16: 2, BF16: 2, I8: 1, F8_E4M3: 1, U8: 1, F64: 8, I64: 8, I32: 4 } as const;
export type StoredType = keyof typeof elementBytes;

/** Where a tensor lies: bytes from the start of the file. */
export interface StoredTensor {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

/** Longer headers are refused by the reference implementation too. */
const MAX_HEADER_BYTES = 100_000_000;

/**
 * Reads a safetensors file's header: eight bytes of length (little endian), so many bytes of JSON, then the data.
 * Nothing of the data is read. https://huggingface.co/docs/safetensors#format
 *
 * @throws CheckpointError when the header is cut short, is no JSON, or does not agree with itself or the file's size
 */
export function readHeader(file: string): readonly StoredTensor[] {
  const descriptor = openSync(file, 'r');
  try {
    const size = fstatSync(descriptor).size;
    const prefix = read(descriptor, 0, 8);
    if (prefix.length < 8) throw lie(file, `at least 8 bytes were expected but it has ${size}`);
    const headerLength = Number(prefix.readBigUInt64LE());
    if (headerLength > Math.min(size - 8, MAX_HEADER_BYTES))
      throw lie(file, `its header is said to be ${headerLength} bytes long but the file has ${size}`);
    const entries = parse(file, read(descriptor, 8, headerLength).toString('utf8'));
    const start = 8 + headerLength;
    const tensors = Object.entries(entries)
      .filter(([name]) => name !== '__metadata__')
      .map(([name, entry]) => stored(file, name, entry, start, size));
    refuseOverlaps(file, tensors);
    return tensors;
  } finally {
    closeSync(descriptor);
  }
}

function stored(file: string, name: string, entry: unknown, start: number, size: number): StoredTensor {
  const { dtype, shape, data_offsets: range } = (entry ?? {}) as Record<string, unknown>;
  if (!isType(dtype))
    throw lie(
      file,
      `the tensor "${name}" has the type ${JSON.stringify(dtype)} but one of ${Object.keys(elementBytes).join(', ')} was expected`,
    );
  if (!isWholeNumbers(shape) || !isWholeNumbers(range) || range.length !== 2)
    throw lie(file, `the tensor "${name}" has no proper shape and data_offsets`);
  const [begin, end] = range as [number, number];
  const expected = shape.reduce((product, side) => product * side, elementBytes[dtype]);
  if (end - begin !== expected)
    throw lie(
      file,
      `the tensor "${name}" of ${dtype} ${shape.join('×')} needs ${expected} bytes but its range has ${end - begin}`,
    );
  if (start + end > size) throw lie(file, `the tensor "${name}" ends at byte ${start + end} but the file has ${size}`);
  return { name, type: dtype, shape, file, offset: start + begin, length: expected };
}

function refuseOverlaps(file: string, tensors: readonly StoredTensor[]): void {
  const ordered = tensors.filter(({ length }) => length > 0).sort((a, b) => a.offset - b.offset);
  for (const [i, { name, offset }] of ordered.entries()) {
    const before = ordered[i - 1];
    if (before !== undefined && before.offset + before.length > offset)
      throw lie(file, `the tensors "${before.name}" and "${name}" lie on the same bytes`);
  }
}

function parse(file: string, text: string): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(text);
    if (typeof header === 'object' && header !== null && !Array.isArray(header))
      return header as Record<string, unknown>;
  } catch {
    // Said below, as for other things that are no header.
  }
  throw lie(file, 'its header is no JSON object');
}

function read(descriptor: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(descriptor, buffer, 0, length, position));
}

function isType(value: unknown): value is StoredType {
  return typeof value === 'string' && value in elementBytes;
}

function isWholeNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}

function lie(file: string, what: string): CheckpointError {
  return new CheckpointError(`${file} is no whole safetensors file: ${what}.`);
}
