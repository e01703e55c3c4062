import { CheckpointError } from '../errors.js';
import type { StoredTensor } from './safetensors.js';

/**
 * What a weight's stored numbers are multiplied by: one factor a row or one for all, shaped [rows or 1, 1, …] so that it multiplies the
 * whole weight. Null where they are the weight itself, as 8-bit floats may be.
 *
 * @param file what complaints call it
 * @throws CheckpointError
 */
export function scaleOf(
  { name, type, shape }: StoredTensor,
  tensors: ReadonlyMap<string, StoredTensor>,
  file: string,
): StoredTensor | null {
  const scale = names(name).flatMap((candidate) => tensors.get(candidate) ?? [])[0];
  if (scale === undefined) {
    if (type !== 'I8') return null;
    throw new CheckpointError(
      `${file}: "${name}" holds 8-bit numbers but there is no "${name}_scale" beside it.`,
      'damaged',
    );
  }
  const [rows = 1, ...others] = shape;
  const factors = scale.shape.reduce((product, side) => product * side, 1);
  if (factors !== rows && factors !== 1)
    throw new CheckpointError(
      `${file}: expected "${scale.name}" to hold ${rows} factors, or one, but it is [${scale.shape.join(', ')}].`,
    );
  return { ...scale, shape: [factors, ...others.map(() => 1)] };
}

/** `layer.weight_scale` or, as ComfyUI has it, `layer.scale_weight`. */
function names(weight: string): string[] {
  const own = `${weight}_scale`;
  return weight.endsWith('.weight') ? [own, weight.replace(/weight$/, 'scale_weight')] : [own];
}

/** The name of the weight that a tensor of this name is the scale of; null for other names. */
export function scaledBy(name: string): string | null {
  if (name.endsWith('.weight_scale')) return name.slice(0, -'_scale'.length);
  return name.endsWith('.scale_weight') ? name.replace(/scale_weight$/, 'weight') : null;
}

/** Whether a tensor holds the codes of a matrix in blocks (blocks.ts). */
export function isInBlocks({ name, type }: StoredTensor, tensors: ReadonlyMap<string, StoredTensor>): boolean {
  return type === 'U8' && tensors.has(`${name}_zero_point`);
}
