import { CheckpointError } from '../../errors.js';
import type { StoredTensor } from '../../formats/safetensors.js';

/** What a single file may hold. */
export const parts = ['transformer', 'text encoder', 'autoencoder'] as const;
export type Part = (typeof parts)[number];

/** The file beside a single file that is its part's configuration, where there is one: `ae.safetensors` → `ae.autoencoder.json`. */
export function configBeside(file: string, part: Part): string {
  return `${file.replace(/\.safetensors$/, '')}.${part.replace(' ', '-')}.json`;
}

export type Tensors = ReadonlyMap<string, StoredTensor>;

/** How a part is spelled in single files. */
export interface Spelling {
  /** What may stand before its names; the empty one last. */
  readonly prefixes: readonly string[];
  /** A tensor that only this part has, prefix left out. */
  readonly mark: RegExp;
  /** A tensor under the names of diffusers: itself, its rows apart, or none where nothing reads it. */
  rename(tensor: StoredTensor): readonly StoredTensor[];
  /** What `config.json` would say, from renamed tensors. @throws CheckpointError */
  config(tensors: Tensors, file: string): Readonly<Record<string, unknown>>;
}

/** A size of a tensor. @throws CheckpointError where there is no such tensor */
export function sizeOf(tensors: Tensors, file: string, name: string, axis: number): number {
  const size = tensors.get(name)?.shape[axis];
  if (size !== undefined) return size;
  throw new CheckpointError(`${file}: expected the tensor "${name}" but it is not there.`, 'damaged');
}

/** How many of `layers.0.…`, `layers.1.…` there are. */
export function countOf(tensors: Tensors, list: string): number {
  const indices = [...tensors.keys()].flatMap((name) => {
    const index = name.startsWith(`${list}.`) ? Number(name.slice(list.length + 1).split('.')[0]) : Number.NaN;
    return Number.isInteger(index) ? [index] : [];
  });
  return indices.reduce((most, index) => Math.max(most, index + 1), 0);
}
