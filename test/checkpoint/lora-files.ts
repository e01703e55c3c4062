import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { bytesOf, type NewTensor, temporaryFolder, writeTensors } from '../compiler/files.js';

/** Low-rank factors of some layers: A [r, in] and B [out, r], all different, by the layers' names. */
export type Factors = Readonly<Record<string, { readonly a: Float32Array; readonly b: Float32Array }>>;

/** [out, in] of layers of the tiny transformer, of every kind there is. */
export const layers = {
  'layers.0.attention.to_q': [48, 48],
  'layers.0.attention.to_k': [48, 48],
  'layers.0.attention.to_v': [48, 48],
  'layers.0.attention.to_out.0': [48, 48],
  'layers.1.feed_forward.w1': [128, 48],
  'layers.1.feed_forward.w2': [48, 128],
  'context_refiner.0.feed_forward.w3': [128, 48],
  'noise_refiner.0.attention.to_k': [48, 48],
  'layers.0.adaLN_modulation.0': [192, 48],
  'all_x_embedder.2-1': [48, 64],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;

export function factorsOf(rank: number, phase = 0): Factors {
  const numbers = (length: number, step: number) =>
    Float32Array.from({ length }, (_, i) => 0.2 * Math.sin((i + phase) * step));
  return Object.fromEntries(
    Object.entries(layers).map(([name, [out, width]], i) => [
      name,
      { a: numbers(rank * width, 1.3 + i / 7), b: numbers(out * rank, 2.1 + i / 9) },
    ]),
  );
}

export interface Naming {
  readonly layer: (name: string) => string;
  readonly down: string;
  readonly up: string;
}

export const diffusers: Naming = { layer: (name) => `transformer.${name}`, down: 'lora_A', up: 'lora_B' };
export const kohya: Naming = {
  layer: (name) => `lora_unet_${name.replaceAll('.', '_')}`,
  down: 'lora_down',
  up: 'lora_up',
};

/** As float32 tensors, with an alpha where one is wanted. */
export function tensorsOf(factors: Factors, naming: Naming, alpha: number | null = null): Record<string, NewTensor> {
  return Object.fromEntries(
    Object.entries(factors).flatMap(([name, { a, b }]) => {
      const [out, width] = layers[name as keyof typeof layers];
      const layer = naming.layer(name);
      const scalar: NewTensor = { type: 'F32', shape: [], data: bytesOf(Float32Array.of(alpha ?? 0)) };
      return [
        [
          `${layer}.${naming.down}.weight`,
          { type: 'F32' as const, shape: [a.length / width, width], data: bytesOf(a) },
        ],
        [`${layer}.${naming.up}.weight`, { type: 'F32' as const, shape: [out, b.length / out], data: bytesOf(b) }],
        ...(alpha === null ? [] : [[`${layer}.alpha`, scalar] as const]),
      ];
    }),
  );
}

/** A folder that holds these tensors in one file. */
export function folderOf(
  tensors: Readonly<Record<string, NewTensor>>,
  metadata?: Readonly<Record<string, string>>,
): string {
  const folder = join(temporaryFolder(), 'adapter');
  mkdirSync(folder, { recursive: true });
  writeTensors(join(folder, 'adapter.safetensors'), tensors, metadata);
  return folder;
}

/** W + scale·B·A. */
export function added(weight: Float32Array, { a, b }: Factors[string], width: number, scale: number): Float32Array {
  const rank = a.length / width;
  return weight.map((value, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    let sum = 0;
    for (let r = 0; r < rank; r++) sum += b[row * rank + r]! * a[r * width + column]!;
    return value + scale * sum;
  });
}
