import { CheckpointError } from '../errors.js';
import { isType, readSafetensors, type StoredTensor } from '../formats/safetensors.js';
import { isPerBlock, scaleOf } from '../formats/scales.js';
import { readValues, rowsOf } from '../formats/values.js';
import { type LinearShapes, type NamedTerm, namedTerms } from './names.js';
import { type Scaling, scalingOf } from './scaling.js';

/** A factor in its file; 8-bit ones may have scales [rows or 1, 1]. */
export interface StoredFactor {
  readonly values: StoredTensor;
  readonly scales: StoredTensor | null;
}

/** What is added to one linear layer's weight: scale·B·A. */
export interface LowRank {
  /** Of the layer, by the checkpoint's name. */
  readonly module: string;
  readonly rank: number;
  /** A [r, in]. */
  readonly down: StoredFactor;
  /** B [out, r]. */
  readonly up: StoredFactor;
  readonly scale: number;
}

/**
 * Finds the low-rank terms of a safetensors file and checks each against the layer that it is for. Of the data only alphas are read.
 *
 * @param name what complaints call it
 * @throws CheckpointError that names file and tensor: an unknown layer, a wrong shape, a missing partner
 */
export function readLowRank(file: string, shapes: LinearShapes, name = file): readonly LowRank[] {
  const { tensors, metadata } = readSafetensors(file, name);
  const scaling = scalingOf(name, metadata);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const terms = namedTerms(name, tensors, shapes).flatMap((term) => lowRankOf(name, term, shapes, byName, scaling));
  if (terms.length === 0) throw new CheckpointError(`${name}: expected low-rank factors but it holds none.`);
  const seen = new Set<string>();
  for (const { module, down } of terms) {
    if (seen.has(module))
      throw new CheckpointError(`${name}: "${down.values.name}" is the second change of "${module}" in this file.`);
    seen.add(module);
  }
  return terms;
}

/** Both factors of each layer as float32, A [r, in] and B [out, r], the latter with the file's scale in it. @throws CheckpointError */
export function readFactors(
  file: string,
  shapes: LinearShapes,
  name = file,
): ReadonlyMap<string, { readonly rank: number; readonly a: Float32Array; readonly b: Float32Array }> {
  return new Map(
    readLowRank(file, shapes, name).map(({ module, rank, down, up, scale }) => [
      module,
      { rank, a: readFactor(down, 1), b: readFactor(up, scale) },
    ]),
  );
}

/** A factor's numbers times `scale`. */
export function readFactor({ values, scales }: StoredFactor, scale: number): Float32Array {
  const numbers = readValues(values);
  const rows = scales === null ? null : readValues(scales);
  if (rows === null && scale === 1) return numbers;
  const width = values.shape[1]!;
  return numbers.map(
    (value, i) => value * scale * (rows === null ? 1 : rows[rows.length === 1 ? 0 : Math.floor(i / width)]!),
  );
}

function lowRankOf(
  file: string,
  { modules, down, up, alpha }: NamedTerm,
  shapes: LinearShapes,
  byName: ReadonlyMap<string, StoredTensor>,
  scaling: Scaling,
): LowRank[] {
  const sizes = modules.map((module) => shapes.get(module)!);
  const [width, out] = [sizes[0]![1], sizes.reduce((sum, [rows]) => sum + rows, 0)];
  const rank = down.shape[0] ?? 0;
  expectShape(file, down, [rank || 'rank', width], modules);
  expectShape(file, up, [out, rank], modules);
  // To Kohya's tools an alpha of 0 is none, which means the rank.
  const given = alpha === null ? null : scalar(file, alpha);
  const scale = given === null ? scaling(modules[0]!, rank) : given === 0 ? 1 : given / rank;
  const [a, b] = [factor(file, down, byName), factor(file, up, byName)];
  let row = 0;
  return modules.map((module, i) => {
    const end = row + sizes[i]![0];
    const mine = partOf(b, row, end);
    row = end;
    return { module, rank, down: a, up: modules.length === 1 ? b : mine, scale };
  });
}

/** Rows `from` … `to` of a factor. */
export function partOf({ values, scales }: StoredFactor, from: number, to: number): StoredFactor {
  const shared = scales === null || scales.shape[0] === 1;
  return { values: rowsOf(values, from, to), scales: shared ? scales : rowsOf(scales, from, to) };
}

const NUMBERS = ['F32', 'F16', 'BF16', 'I8', 'F8_E4M3', 'F8_E5M2'];

function factor(file: string, values: StoredTensor, byName: ReadonlyMap<string, StoredTensor>): StoredFactor {
  if (NUMBERS.includes(values.type)) {
    const scales = scaleOf(values, byName, file);
    if (scales === null || !isPerBlock(scales, values)) return { values, scales };
    throw new CheckpointError(
      `${file}: expected "${scales.name}" to hold one factor or one a row but it is [${scales.shape.join(', ')}].`,
    );
  }
  throw new CheckpointError(
    `${file}: expected "${values.name}" to be one of ${NUMBERS.join(', ')} but it is ${values.type}.`,
  );
}

function expectShape(
  file: string,
  { name, shape }: StoredTensor,
  expected: readonly (number | string)[],
  modules: readonly string[],
): void {
  if (shape.length === 2 && shape.join() === expected.join()) return;
  throw new CheckpointError(
    `${file}: expected "${name}" to be [${expected.join(', ')}] for "${modules.join('", "')}" but it is [${shape.join(', ')}].`,
  );
}

function scalar(file: string, tensor: StoredTensor): number {
  const single = tensor.shape.every((side) => side === 1) && tensor.type !== 'U8' && isType(tensor.type);
  const value = single ? readValues(tensor)[0]! : Number.NaN;
  if (Number.isFinite(value)) return value;
  throw new CheckpointError(
    `${file}: expected "${tensor.name}" to be one number but it is ${single ? value : `${tensor.type} [${tensor.shape.join(', ')}]`}.`,
  );
}
