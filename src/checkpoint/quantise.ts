import type { Component } from './component.js';
import { bytesOf, convert, copied, dequantised, type Progress, type Rewrite, readRows } from './convert.js';
import { CheckpointError } from './errors.js';
import { type BlockFormat, blockShapes, quantiseBlocks } from './formats/blocks.js';
import { isType, type StoredTensor } from './formats/safetensors.js';
import { isInBlocks, scaledBy } from './formats/scales.js';
import { type OpenOptions, open } from './open.js';

/** Matrices of the blocks. Those before and after the blocks are small, and every token passes them. */
const IN_A_BLOCK = /^(?:model\.)?(?:layers|noise_refiner|context_refiner|siglip_refiner)\./;

export interface QuantiseOptions extends BlockFormat, OpenOptions {}

/**
 * Writes a component folder with the linear layers of its blocks in few bits, tensor by tensor; all else stays as it is. Yields the
 * bytes of the source that are done, and of how many.
 *
 * A layer's weight becomes `<layer>.weight` (U8 codes), `<layer>.weight_scale` (F32) and `<layer>.weight_zero_point` (U8), which
 * MatMulNBits takes as they lie.
 *
 * @throws CheckpointError
 */
export function* quantiseComponent(
  from: string,
  to: string,
  { bits, block, ...options }: QuantiseOptions,
): Generator<Progress> {
  const component = open(from, options);
  const rewrites = rewritesOf(component, { bits, block });
  const config = { ...component.config, quantization_config: { quant_method: 'inkstone', bits, block_size: block } };
  yield* convert(component, to, config, rewrites);
}

/** Writes a component as a folder in the diffusers layout, its numbers as they lie. @throws CheckpointError */
export function* copyComponent(from: string, to: string, options: OpenOptions): Generator<Progress> {
  const component = open(from, options);
  const rewrites = [...component.tensors.values()].flatMap((source) =>
    isType(source.type) ? [copied(source, source.type)] : [],
  );
  yield* convert(component, to, component.config, rewrites);
}

function rewritesOf(component: Component, format: BlockFormat): Rewrite[] {
  const { tensors, adapter } = component;
  const all = [...tensors.values()];
  const coded = all.find((tensor) => isInBlocks(tensor, tensors));
  if (coded !== undefined)
    throw new CheckpointError(`${coded.file}: expected weights but "${coded.name}" is block-quantised already.`);
  const wide = new Set(all.filter((tensor) => becomesBlocks(tensor) || adapter?.has(tensor.name)));
  return all.flatMap((source) => {
    const scaled = scaledBy(source.name);
    if (scaled !== null && wide.has(tensors.get(scaled)!)) return [];
    // No graph needs a tensor of a type that is not read here.
    if (!wide.has(source)) return isType(source.type) ? [copied(source, source.type)] : [];
    return [becomesBlocks(source) ? inBlocks(component, source, format) : dequantised(component, source)];
  });
}

function becomesBlocks({ name, shape }: StoredTensor): boolean {
  return shape.length === 2 && name.endsWith('.weight') && IN_A_BLOCK.test(name);
}

function inBlocks(component: Component, source: StoredTensor, format: BlockFormat): Rewrite {
  const { name, shape } = source;
  const shapes = blockShapes(shape as [number, number], format);
  return {
    source,
    planned: [
      { name, type: 'U8', shape: shapes.codes },
      { name: `${name}_scale`, type: 'F32', shape: shapes.scales },
      { name: `${name}_zero_point`, type: 'U8', shape: shapes.zeroPoints },
    ],
    *write(writer) {
      for (const { values, bytes } of readRows(component, source)) {
        requireFinite(source, values);
        const { codes, scales, zeroPoints } = quantiseBlocks(values, shape[1]!, format);
        writer.append(name, codes);
        writer.append(`${name}_scale`, bytesOf(scales));
        writer.append(`${name}_zero_point`, zeroPoints);
        yield bytes;
      }
    },
  };
}

/** No code stands for an infinity or a not-a-number, so a copy would hide that its source is broken. @throws CheckpointError */
function requireFinite({ file, name }: StoredTensor, values: Float32Array): void {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
  if (sum !== 0)
    throw new CheckpointError(`${file}: expected "${name}" to hold finite numbers but not all of them are.`);
}
