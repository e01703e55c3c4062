import { closeSync, openSync, readSync } from 'node:fs';
import { CheckpointError } from '../errors.js';
import { elementBytes, isType, type StoredTensor, type StoredType } from './safetensors.js';

type NumberType = Exclude<StoredType, 'U8'>;
/** Of U8 there are only codes. */
const NUMBERS = Object.keys(elementBytes).filter(isNumber);

/** A tensor's numbers as float32, read from its file. @throws CheckpointError when they are of a type that no weight has */
export function readValues(tensor: StoredTensor): Float32Array {
  const { type } = tensor;
  if (!isNumber(type))
    throw new CheckpointError(
      `${tensor.file}: expected "${tensor.name}" to be one of ${NUMBERS.join(', ')} but it is ${type}.`,
    );
  const bytes = readBytes(tensor);
  const count = tensor.length / elementBytes[type];
  switch (type) {
    case 'F32':
      return new Float32Array(bytes.buffer);
    case 'BF16':
      return widened(new Uint16Array(bytes.buffer));
    case 'F16':
      return lookedUp(new Uint16Array(bytes.buffer), halves(), count);
    case 'F8_E4M3':
      return lookedUp(bytes, e4m3(), count);
    case 'F8_E5M2':
      return lookedUp(bytes, e5m2(), count);
    case 'I8':
      return new Float32Array(new Int8Array(bytes.buffer));
    case 'I32':
      return new Float32Array(new Int32Array(bytes.buffer));
    case 'I64':
      return Float32Array.from(new BigInt64Array(bytes.buffer), Number);
    case 'F64':
      return new Float32Array(new Float64Array(bytes.buffer));
  }
}

function isNumber(type: string): type is NumberType {
  return isType(type) && type !== 'U8';
}

/** A tensor's bytes, in a buffer of their own. */
export function readBytes({ file, offset, length }: StoredTensor): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  const descriptor = openSync(file, 'r');
  try {
    // A single read gives at most 2 GiB.
    for (let done = 0; done < length; ) {
      const got = readSync(descriptor, bytes, done, Math.min(length - done, 2 ** 30), offset + done);
      if (got === 0) throw new CheckpointError(`${file} ended at byte ${offset + done} while it was read.`, 'damaged');
      done += got;
    }
  } finally {
    closeSync(descriptor);
  }
  return bytes;
}

/** Rows `from` … `to` of a tensor, as a tensor. */
export function rowsOf(tensor: StoredTensor, from: number, to: number): StoredTensor {
  const row = tensor.length / tensor.shape[0]!;
  const shape = [to - from, ...tensor.shape.slice(1)];
  return { ...tensor, shape, offset: tensor.offset + from * row, length: (to - from) * row };
}

/** bfloat16 is the upper half of a float. (A loop, because a 6-billion-parameter model has that many.) */
function widened(halves: Uint16Array): Float32Array {
  const bits = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) bits[i] = halves[i]! << 16;
  return new Float32Array(bits.buffer);
}

function lookedUp(codes: ArrayLike<number>, table: Float32Array, count: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = table[codes[i]!]!;
  return values;
}

let halfTable: Float32Array | null = null;
let e4m3Table: Float32Array | null = null;
let e5m2Table: Float32Array | null = null;

/** What the 65,536 codes of IEEE binary16 stand for. */
function halves(): Float32Array {
  halfTable ??= Float32Array.from({ length: 2 ** 16 }, (_, code) => small(code, 5, 10, true));
  return halfTable;
}

/** What the 256 codes of a float8 e4m3fn stand for. https://arxiv.org/abs/2209.05433 */
function e4m3(): Float32Array {
  e4m3Table ??= Float32Array.from({ length: 2 ** 8 }, (_, code) => small(code, 4, 3, false));
  return e4m3Table;
}

/** The same of a float8 e5m2, which has infinities as binary16 has them. */
function e5m2(): Float32Array {
  e5m2Table ??= Float32Array.from({ length: 2 ** 8 }, (_, code) => small(code, 5, 2, true));
  return e5m2Table;
}

/** Sign, exponent and mantissa; without infinities only the highest code is no number. */
function small(code: number, exponentBits: number, mantissaBits: number, infinities: boolean): number {
  const [most, one] = [2 ** exponentBits - 1, 2 ** mantissaBits];
  const sign = code >> (exponentBits + mantissaBits) ? -1 : 1;
  const exponent = (code >> mantissaBits) & most;
  const mantissa = code & (one - 1);
  const bias = (most - 1) / 2;
  if (exponent === 0) return sign * (mantissa / one) * 2 ** (1 - bias);
  if (exponent === most && infinities) return mantissa === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === most && mantissa === one - 1) return Number.NaN;
  return sign * (1 + mantissa / one) * 2 ** (exponent - bias);
}
