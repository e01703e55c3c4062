import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { elementBytes, isType } from '../../src/checkpoint/formats/safetensors.js';

/** A tensor to be written; without data it is all zeros and takes no place on the disk. */
export interface NewTensor {
  readonly type: string;
  readonly shape: readonly number[];
  readonly data?: Uint8Array;
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-compiler-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(value));
}

/** Writes a safetensors file. */
export function writeTensors(
  file: string,
  tensors: Readonly<Record<string, NewTensor>>,
  metadata?: Readonly<Record<string, string>>,
): void {
  mkdirSync(dirname(file), { recursive: true });
  let offset = 0;
  const entries = Object.entries(tensors).map(([name, { type, shape, data }]) => {
    const begin = offset;
    offset += shape.reduce((product, side) => product * side, bytesOfType(type));
    return { name, data, begin, entry: { dtype: type, shape, data_offsets: [begin, offset] } };
  });
  const listed = Object.fromEntries(entries.map(({ name, entry }) => [name, entry]));
  const start = writeHeader(file, metadata === undefined ? listed : { __metadata__: metadata, ...listed });
  const descriptor = openSync(file, 'r+');
  ftruncateSync(descriptor, start + offset);
  for (const { data, begin } of entries)
    if (data !== undefined) writeSync(descriptor, data, 0, data.length, start + begin);
  closeSync(descriptor);
}

const bytesOfType = (type: string) => (isType(type) ? elementBytes[type] : type === 'I16' ? 2 : 1);

/** Writes only a safetensors header, whatever it claims; returns where the data would begin. */
export function writeHeader(file: string, header: unknown): number {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(file, Buffer.concat([length, text]));
  return 8 + text.length;
}

/** The bytes of numbers, as files have them. */
export function bytesOf(values: Float32Array | Int8Array | Uint16Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** The upper halves of floats, which is what bfloat16 is (rounded towards zero). */
export function toBfloat16(values: Float32Array): Uint16Array {
  return Uint16Array.from(new Uint32Array(values.buffer, values.byteOffset, values.length), (bits) => bits >>> 16);
}
