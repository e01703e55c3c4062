import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHeader } from '../../src/checkpoint/formats/safetensors.js';
import { bytesOf, type NewTensor, temporaryFolder, toBfloat16, writeTensors } from '../compiler/files.js';
import { fixtures } from '../compiler/run.js';

const tiny = join(fixtures, 'checkpoints', 'tiny-turbo');

/** What a weight becomes in the file, and which values those stand for. */
export interface Stored {
  readonly tensors: Readonly<Record<string, NewTensor>>;
  readonly values: Float32Array;
}
export type Storage = (name: string, shape: readonly number[], values: Float32Array) => Stored;

/** bfloat16: the upper halves of floats. */
export const bfloat16: Storage = (name, shape, values) => {
  const halves = toBfloat16(values);
  const restored = new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
  return { tensors: { [name]: { type: 'BF16', shape, data: bytesOf(halves) } }, values: restored };
};

/** 8 bits with a scale for each output channel, of matrices and kernels only. */
export const int8 =
  (scaleShape: (out: number, rank: number) => readonly number[]): Storage =>
  (name, shape, values) => {
    if (shape.length < 2 || !name.endsWith('.weight')) return plain(name, shape, values);
    const out = shape[0]!;
    const row = values.length / out;
    const shared = scaleShape(out, shape.length).length === 0;
    const scales = Float32Array.from({ length: out }, (_, i) => {
      const sharing = shared ? values : values.subarray(i * row, (i + 1) * row);
      return sharing.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-8) / 127;
    });
    const codes = Int8Array.from(values, (value, i) => Math.round(value / scales[Math.floor(i / row)]!));
    return {
      tensors: {
        [name]: { type: 'I8', shape, data: bytesOf(codes) },
        [`${name}_scale`]: {
          type: 'F32',
          shape: scaleShape(out, shape.length),
          data: bytesOf(shared ? scales.subarray(0, 1) : scales),
        },
      },
      values: Float32Array.from(codes, (code, i) => code * scales[Math.floor(i / row)]!),
    };
  };

/** What the 256 codes of a float8 (e4m3fn) stand for. https://arxiv.org/abs/2209.05433 */
const float8Values = Float32Array.from({ length: 256 }, (_, code) => {
  const [sign, exponent, mantissa] = [code >> 7 ? -1 : 1, (code >> 3) & 15, code & 7];
  return sign * (exponent === 0 ? mantissa * 2 ** -9 : (1 + mantissa / 8) * 2 ** (exponent - 7));
});

/** 8-bit floats with a scale for each output channel, or other scales, or none. */
export const float8 =
  (scaling: 'each' | 'one' | 'one of ComfyUI' | 'none' = 'each'): Storage =>
  (name, shape, values) => {
    if (shape.length < 2 || !name.endsWith('.weight')) return plain(name, shape, values);
    const out = shape[0]!;
    const row = values.length / out;
    const scaleName = scaling === 'one of ComfyUI' ? name.replace(/weight$/, 'scale_weight') : `${name}_scale`;
    const scaleShape = scaling === 'each' ? [out] : [];
    // Exponents from 2^-3 to 2^4: sign, four bits and the mantissa rounded towards zero.
    const codes = Uint8Array.from(values, (value) => {
      const exponent = Math.max(-3, Math.min(4, Math.floor(Math.log2(Math.abs(value) + 1e-9) + 4)));
      const mantissa = Math.max(0, Math.min(7, Math.floor((Math.abs(value) * 2 ** (4 - exponent) - 1) * 8)));
      return (value < 0 ? 128 : 0) | ((exponent + 7) << 3) | mantissa;
    });
    const scales = Float32Array.from(
      { length: out },
      (_, i) => (scaling === 'each' ? 1 + (i % 3) : scaling === 'none' ? 16 : 1) / 16,
    );
    return {
      tensors: {
        [name]: { type: 'F8_E4M3', shape, data: codes },
        ...(scaling !== 'none' && {
          [scaleName]: { type: 'F32', shape: scaleShape, data: bytesOf(scales.subarray(0, scaleShape[0] ?? 1)) },
        }),
      },
      values: Float32Array.from(codes, (code, i) => float8Values[code]! * scales[Math.floor(i / row)]!),
    };
  };

export const plain: Storage = (name, shape, values) => ({
  tensors: { [name]: { type: 'F32', shape, data: bytesOf(values) } },
  values,
});

/** Two folders with the same values in them: stored in some way, and as plain floats. */
export function pair(component: string, file: string, storage: Storage): { stored: string; asFloats: string } {
  const source = join(tiny, component);
  const all = readFileSync(join(source, file));
  const stored: Record<string, NewTensor> = {};
  const asFloats: Record<string, NewTensor> = {};
  for (const { name, shape, offset, length } of readHeader(join(source, file))) {
    const values = new Float32Array(Uint8Array.prototype.slice.call(all, offset, offset + length).buffer);
    const written = storage(name, shape, values);
    Object.assign(stored, written.tensors);
    Object.assign(asFloats, plain(name, shape, written.values).tensors);
  }
  const write = (tensors: Record<string, NewTensor>) => {
    const folder = join(temporaryFolder(), component);
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(source, 'config.json'), join(folder, 'config.json'));
    writeTensors(join(folder, file), tensors);
    return folder;
  };
  return { stored: write(stored), asFloats: write(asFloats) };
}
