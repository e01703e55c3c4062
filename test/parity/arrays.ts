import { readFileSync } from 'node:fs';

/** An array of a case, as its safetensors file holds it. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

const kinds = { F32: Float32Array, I32: Int32Array, U8: Uint8Array } as const;

interface Header {
  readonly dtype: keyof typeof kinds;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/** Every array of a safetensors file of float32, int32 and uint8. @see https://github.com/huggingface/safetensors#format */
export function readArrays(file: string): ReadonlyMap<string, NdArray> {
  const bytes = readFileSync(file);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const { __metadata__, ...headers } = JSON.parse(bytes.toString('utf8', 8, 8 + headerBytes)) as Record<string, Header>;
  return new Map(
    Object.entries(headers).map(([name, { dtype, shape, data_offsets }]) => {
      const [from, to] = data_offsets.map((offset) => 8 + headerBytes + offset);
      // A copy, because the bytes need not be aligned where they lie.
      const { buffer } = Uint8Array.prototype.slice.call(bytes, from, to);
      return [name, { shape, data: new kinds[dtype](buffer as ArrayBuffer) }];
    }),
  );
}
