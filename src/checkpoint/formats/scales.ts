import { CheckpointError } from '../errors.js';
import type { StoredTensor } from './safetensors.js';

/** Rows and columns of a matrix that share a factor. */
export type BlockSize = readonly [rows: number, columns: number];

/** Sides of blocks that formats have where they do not divide a matrix evenly; DeepSeek's 128 comes first. */
const BLOCK_SIDES = [128, 64, 32, 16, 256, 512];

/** What ComfyUI puts into files whose 8-bit floats all have scales. */
const SCALED_MARKER = 'scaled_fp8';

/**
 * What a weight's stored numbers are multiplied by, shaped [1, 1, …] for one factor, [rows, 1, …] for one a row, and [R, C] for one a
 * block of a matrix. Null where the numbers are the weight itself, as 8-bit floats may be.
 *
 * @param file what complaints call it
 * @throws CheckpointError where a scale is missing or has a shape that does not fit
 */
export function scaleOf(
  { name, type, shape }: StoredTensor,
  tensors: ReadonlyMap<string, StoredTensor>,
  file: string,
): StoredTensor | null {
  const scale = names(name).flatMap((candidate) => tensors.get(candidate) ?? [])[0];
  if (scale === undefined) {
    const needed = type === 'I8' || (type.startsWith('F8_') && tensors.has(SCALED_MARKER));
    if (!needed) return null;
    throw new CheckpointError(
      `${file}: "${name}" holds 8-bit numbers but there is no "${name}_scale" beside it.`,
      'damaged',
    );
  }
  const [rows = 1, ...others] = shape;
  const factors = scale.shape.reduce((product, side) => product * side, 1);
  const perBlock = scale.shape.length === 2 && factors > 1 && scale.shape.join() !== `${rows},1`;
  if (perBlock && shape.length === 2 && blockSize(shape, scale.shape) !== null) return scale;
  if (!perBlock && (factors === rows || factors === 1)) return { ...scale, shape: [factors, ...others.map(() => 1)] };
  throw new CheckpointError(
    `${file}: expected "${scale.name}" to hold one factor, ${rows}, or one a block of rows and columns, but it is [${scale.shape.join(', ')}].`,
  );
}

/** Whether a scale of `scaleOf` has a factor for each block of a matrix. */
export function isPerBlock(scale: StoredTensor, { shape }: StoredTensor): boolean {
  return (
    shape.length === 2 && scale.shape.length === 2 && !(scale.shape[1] === 1 && [1, shape[0]].includes(scale.shape[0]))
  );
}

/** How large the blocks of a matrix are that has so many factors along rows and columns; null where no such blocks cover it. */
export function blockSize(matrix: readonly number[], factors: readonly number[]): BlockSize | null {
  const [rows, columns] = matrix.map((size, axis) => side(size, factors[axis]!));
  return rows && columns ? [rows, columns] : null;
}

function side(size: number, count: number): number | null {
  if (count === 1) return size;
  if (count === size) return 1;
  const known = BLOCK_SIDES.find((block) => Math.ceil(size / block) === count);
  return known ?? (size % count === 0 ? size / count : null);
}

/** Names of a weight's scale: common ones, DeepSeek's, whose factor is multiplied too, and ComfyUI's. */
function names(weight: string): string[] {
  const own = [`${weight}_scale`, `${weight}_scale_inv`];
  return weight.endsWith('.weight') ? [...own, weight.replace(/weight$/, 'scale_weight')] : own;
}

/** The name of the weight that a tensor of this name is the scale of; null for other names. */
export function scaledBy(name: string): string | null {
  const suffix = ['_scale', '_scale_inv'].find((ending) => name.endsWith(`.weight${ending}`));
  if (suffix !== undefined) return name.slice(0, -suffix.length);
  return name.endsWith('.scale_weight') ? name.replace(/scale_weight$/, 'weight') : null;
}

/** Whether a tensor holds the codes of a matrix in blocks (blocks.ts). */
export function isInBlocks({ name, type }: StoredTensor, tensors: ReadonlyMap<string, StoredTensor>): boolean {
  return type === 'U8' && tensors.has(`${name}_zero_point`);
}
