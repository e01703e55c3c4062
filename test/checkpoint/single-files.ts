import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { readHeader, type StoredTensor } from '../../src/checkpoint/formats/safetensors.js';
import { readBytes } from '../../src/checkpoint/formats/values.js';
import { configBeside, type Part } from '../../src/checkpoint/layouts/single/part.js';
import { type NewTensor, writeTensors } from '../compiler/files.js';
import { fixtures } from '../compiler/run.js';
import { inFloat8 } from './float8.js';

/** The tiny checkpoint's parts, as people publish them in single files. */

export type Tensors = Readonly<Record<string, NewTensor>>;

export const tiny = join(fixtures, 'checkpoints', 'tiny-turbo');
const files = {
  transformer: ['transformer', 'diffusion_pytorch_model.safetensors'],
  'text encoder': ['text_encoder', 'model.safetensors'],
  autoencoder: ['vae', 'diffusion_pytorch_model.safetensors'],
} as const;

/** A part's tensors: the transformer's query, key and value fused and its names shorter, all else under its own names. */
export function published(part: Part): Tensors {
  const tensors = readHeader(join(tiny, ...files[part]));
  if (part === 'transformer') return fused(tensors);
  return Object.fromEntries(tensors.map((tensor) => [tensor.name, plain(tensor)]));
}

/** The same with its matrices in 8-bit floats, each with one scale. */
export function inScaledFloat8(part: Part): Tensors {
  const shrink = inFloat8({ type: 'F8_E4M3', scales: { suffix: '_scale', block: [2 ** 20, 2 ** 20] } });
  const entries = Object.entries(published(part)).flatMap(([name, { shape, data }]) =>
    Object.entries(shrink(name, [...shape], new Float32Array(Uint8Array.from(data!).buffer)).tensors),
  );
  return Object.fromEntries(entries);
}

/** Writes a single file with the configuration of its part beside it. */
export function writeSingle(file: string, part: Part, tensors: Tensors): void {
  writeTensors(file, tensors);
  copyConfig(file, part);
}

export function copyConfig(file: string, part: Part): void {
  copyFileSync(join(tiny, files[part][0], 'config.json'), configBeside(file, part));
}

const plain = (tensor: StoredTensor): NewTensor => ({ ...tensor, data: readBytes(tensor) });

function fused(tensors: readonly StoredTensor[]): Tensors {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  return Object.fromEntries(
    tensors.flatMap((tensor): (readonly [string, NewTensor])[] => {
      const query = /^(.*)\.to_q\.weight$/.exec(tensor.name);
      if (/\.to_[kv]\.weight$/.test(tensor.name)) return [];
      if (query === null) return [[shorter(tensor.name), plain(tensor)]];
      const three = ['q', 'k', 'v'].map((letter) => readBytes(byName.get(`${query[1]}.to_${letter}.weight`)!));
      const [rows, width] = tensor.shape as [number, number];
      return [[`${query[1]}.qkv.weight`, { type: 'F32', shape: [3 * rows, width], data: Buffer.concat(three) }]];
    }),
  );
}

function shorter(name: string): string {
  return name
    .replace('all_x_embedder.2-1', 'x_embedder')
    .replace('all_final_layer.2-1', 'final_layer')
    .replace('attention.to_out.0', 'attention.out')
    .replace(/attention\.norm_([qk])/, 'attention.$1_norm');
}
