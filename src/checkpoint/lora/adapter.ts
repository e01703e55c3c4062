import { existsSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CheckpointError } from '../errors.js';
import type { StoredTensor } from '../formats/safetensors.js';
import { isInBlocks } from '../formats/scales.js';
import { type LowRank, readLowRank } from './lora.js';

/** Low-rank terms that are merged into a component's weights when it is loaded, W + scale·B·A, by the name of the weight. */
export type Adapter = ReadonlyMap<string, LowRank>;

/**
 * Opens low-rank factors for the given tensors. Headers are read, and alphas, but no factor.
 *
 * @param location a safetensors file, or a folder that holds exactly one
 * @throws CheckpointError when there is no such file, or a factor fits no weight
 */
export function openAdapter(location: string, tensors: ReadonlyMap<string, StoredTensor>): Adapter {
  const file = fileOf(location);
  const coded = [...tensors.values()].find((tensor) => isInBlocks(tensor, tensors));
  if (coded !== undefined)
    throw new CheckpointError(
      `${file}: expected weights that an adapter can be added to but "${coded.name}" of ${coded.file} is block-quantised; quantise the model with its adapter instead.`,
    );
  const matrices = [...tensors.values()].filter(({ name, shape }) => shape.length === 2 && name.endsWith('.weight'));
  const shapes = new Map(
    matrices.map(({ name, shape }) => [name.slice(0, -'.weight'.length), shape as [number, number]]),
  );
  return new Map(readLowRank(file, shapes).map((term) => [`${term.module}.weight`, term]));
}

/** The tensors that an adapter is made of, each once. */
export function factorsOf(adapter: Adapter | null): StoredTensor[] {
  const stored = [...(adapter?.values() ?? [])].flatMap(({ down, up }) =>
    [down.values, down.scales, up.values, up.scales].filter((tensor) => tensor !== null),
  );
  return [...new Map(stored.map((tensor) => [`${tensor.file} ${tensor.offset}`, tensor])).values()];
}

/** The file itself: ONNX Runtime refuses links that leave the folder that they lie in. */
function fileOf(location: string): string {
  if (statSync(location, { throwIfNoEntry: false })?.isFile()) return realpathSync(location);
  const files = existsSync(location) ? readdirSync(location).filter((name) => name.endsWith('.safetensors')) : [];
  if (files.length === 1) return realpathSync(join(location, files[0]!));
  throw new CheckpointError(
    `${location}: expected one safetensors file of low-rank factors but it has ${files.length}.`,
  );
}
