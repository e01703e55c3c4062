import { existsSync, readdirSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError } from '../errors.js';
import type { StoredTensor } from '../formats/safetensors.js';
import { isInBlocks } from '../formats/scales.js';
import { type LowRank, readLowRank } from './lora.js';

/** Low-rank changes of a component's weights, by the name of the weight: W + scale·B·A. */
export type Difference = ReadonlyMap<string, LowRank>;

/**
 * Opens a folder with one safetensors file of low-rank factors for the given tensors. Nothing of the factors is read.
 *
 * @throws CheckpointError when it is not such a folder, or a factor fits no weight
 */
export function openDifference(folder: string, tensors: ReadonlyMap<string, StoredTensor>): Difference {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.safetensors')) : [];
  if (files.length !== 1)
    throw new CheckpointError(
      `${folder}: expected one safetensors file of low-rank factors but it has ${files.length}.`,
    );
  // Links are followed here, because ONNX Runtime refuses those that leave its folder.
  const file = realpathSync(join(folder, files[0]!));
  const coded = [...tensors.values()].find((tensor) => isInBlocks(tensor, tensors));
  if (coded !== undefined)
    throw new CheckpointError(
      `${file}: expected weights that a difference can be added to but "${coded.name}" of ${coded.file} is block-quantised; quantise the model with its difference instead.`,
    );
  const matrices = [...tensors.values()].filter(({ name, shape }) => shape.length === 2 && name.endsWith('.weight'));
  const shapes = new Map(
    matrices.map(({ name, shape }) => [name.slice(0, -'.weight'.length), shape as [number, number]]),
  );
  return new Map(readLowRank(file, shapes).map((term) => [`${term.module}.weight`, term]));
}

/** The tensors that a difference is made of, each once. */
export function factorsOf(difference: Difference | null): StoredTensor[] {
  const stored = [...(difference?.values() ?? [])].flatMap(({ down, up }) =>
    [down.values, down.scales, up.values, up.scales].filter((tensor) => tensor !== null),
  );
  return [...new Map(stored.map((tensor) => [`${tensor.file} ${tensor.offset}`, tensor])).values()];
}
