import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeFolder } from '../environment/folders.js';
import { CheckpointError } from './errors.js';
import { type BlockFormat, blockShapes, quantiseBlocks } from './formats/blocks.js';
import { elementBytes, isType, type StoredTensor, type StoredType } from './formats/safetensors.js';
import { type PlannedTensor, SafetensorsWriter } from './formats/safetensors-writer.js';
import { isInBlocks, scaledBy, scaleOf } from './formats/scales.js';
import { readBytes, readValues, rowsOf } from './formats/values.js';
import { type Component, openComponent } from './layouts/diffusers.js';
import { partOf, readFactor } from './lora/lora.js';

/** Values that are in memory at once, about. */
const CHUNK = 2 ** 22;
/** Matrices of the blocks: what is before and after them is small, and seen by everything. */
const IN_A_BLOCK = /^(?:model\.)?(?:layers|noise_refiner|context_refiner|siglip_refiner)\./;

export interface QuantiseOptions extends BlockFormat {
  /** A folder of low-rank factors that are added before. */
  readonly difference?: string | null;
}

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
  { bits, block, difference = null }: QuantiseOptions,
): Generator<{ readonly done: number; readonly total: number }> {
  const component = openComponent(from, difference);
  const works = worksOf(component, { bits, block });
  const total = works.reduce((sum, { source }) => sum + source.length, 0);
  makeFolder(to);
  const config = { ...component.config, quantization_config: { quant_method: 'inkstone', bits, block_size: block } };
  writeFileSync(join(to, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  const writer = new SafetensorsWriter(
    join(to, fileOf(from)),
    works.flatMap(({ planned }) => planned),
  );
  let done = 0;
  let whole = false;
  try {
    for (const { source, write } of works) {
      for (const bytes of write(writer)) {
        done += bytes;
        yield { done, total };
      }
      if (source.length === 0) yield { done, total };
    }
    whole = true;
  } finally {
    writer.close({ abandon: !whole });
  }
}

/** What becomes of one tensor. */
interface Work {
  readonly source: StoredTensor;
  readonly planned: readonly PlannedTensor[];
  /** Yields the bytes of the source that were done. */
  write(writer: SafetensorsWriter): Generator<number>;
}

function worksOf(component: Component, format: BlockFormat): Work[] {
  const { tensors, difference } = component;
  const all = [...tensors.values()];
  const coded = all.find((tensor) => isInBlocks(tensor, tensors));
  if (coded !== undefined)
    throw new CheckpointError(`${coded.file}: expected weights but "${coded.name}" is block-quantised already.`);
  const wide = new Set(all.filter((tensor) => becomesBlocks(tensor) || difference?.has(tensor.name)));
  return all.flatMap((source) => {
    const scaled = scaledBy(source.name);
    if (scaled !== null && wide.has(tensors.get(scaled)!)) return [];
    // What is of no type that is read here, no graph needs.
    if (!wide.has(source)) return isType(source.type) ? [copied(source, source.type)] : [];
    return [becomesBlocks(source) ? inBlocks(component, source, format) : asFloats(component, source)];
  });
}

function becomesBlocks({ name, shape }: StoredTensor): boolean {
  return shape.length === 2 && name.endsWith('.weight') && IN_A_BLOCK.test(name);
}

function copied(source: StoredTensor, type: StoredType): Work {
  return {
    source,
    planned: [{ ...source, type }],
    *write(writer) {
      const piece = CHUNK * elementBytes.F32;
      for (let at = 0; at < source.length; at += piece) {
        const length = Math.min(piece, source.length - at);
        writer.append(source.name, readBytes({ ...source, offset: source.offset + at, length }));
        yield length;
      }
    },
  };
}

function asFloats(component: Component, source: StoredTensor): Work {
  return {
    source,
    planned: [{ ...source, type: 'F32' }],
    *write(writer) {
      for (const { values, bytes } of rows(component, source)) {
        writer.append(source.name, bytesOf(values));
        yield bytes;
      }
    },
  };
}

function inBlocks(component: Component, source: StoredTensor, format: BlockFormat): Work {
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
      for (const { values, bytes } of rows(component, source)) {
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

/** A matrix's values with its difference in them, some rows at a time, and how many bytes they were. */
function* rows(component: Component, source: StoredTensor): Generator<{ values: Float32Array; bytes: number }> {
  const [count, width] = source.shape as [number, number];
  const scale = scaleOf(source, component.tensors, source.file);
  const scales = scale === null ? null : readValues(scale);
  const scaleAt = (row: number) => scales![scales!.length === 1 ? 0 : row]!;
  const change = component.difference?.get(source.name);
  const down = change && readFactor(change.down, change.scale);
  const step = Math.max(1, Math.floor(CHUNK / width));
  for (let from = 0; from < count; from += step) {
    const to = Math.min(count, from + step);
    const part = rowsOf(source, from, to);
    const values = readValues(part);
    if (scales !== null) for (let i = 0; i < values.length; i++) values[i]! *= scaleAt(from + Math.floor(i / width));
    if (change !== undefined) {
      addProduct(values, readFactor(partOf(change.up, from, to), 1), down!, change.rank, width);
    }
    yield { values, bytes: part.length };
  }
}

/** No code stands for an infinity or a not-a-number: what shows a broken checkpoint would be gone. @throws CheckpointError */
function requireFinite({ file, name }: StoredTensor, values: Float32Array): void {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
  if (sum !== 0)
    throw new CheckpointError(`${file}: expected "${name}" to hold finite numbers but not all of them are.`);
}

/** values [n, width] += up [n, rank] · down [rank, width]. */
function addProduct(values: Float32Array, up: Float32Array, down: Float32Array, rank: number, width: number): void {
  const sum = new Float64Array(width);
  for (let row = 0; row * width < values.length; row++) {
    sum.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = up[row * rank + r]!;
      for (let i = 0; i < width; i++) sum[i]! += factor * down[r * width + i]!;
    }
    for (let i = 0; i < width; i++) values[row * width + i]! += sum[i]!;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The file's name in a folder that has no shards. */
function fileOf(folder: string): string {
  const names = ['model.safetensors', 'model.safetensors.index.json'];
  const plain = names.some((name) => existsSync(join(folder, name)));
  return plain || basename(folder) === 'text_encoder' ? 'model.safetensors' : 'diffusion_pytorch_model.safetensors';
}
