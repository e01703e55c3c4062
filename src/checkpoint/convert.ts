import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolder } from '../environment/folders.js';
import type { Component } from './component.js';
import { elementBytes, type StoredTensor, type StoredType } from './formats/safetensors.js';
import { type PlannedTensor, SafetensorsWriter } from './formats/safetensors-writer.js';
import { blockSize, scaleOf } from './formats/scales.js';
import { readBytes, readValues, rowsOf } from './formats/values.js';
import { partOf, readFactor } from './lora/lora.js';

/** Values that are in memory at once, about. */
const CHUNK = 2 ** 22;

/** What becomes of one tensor in a copy of its component. */
export interface Rewrite {
  readonly source: StoredTensor;
  /** The tensors that take its place. */
  readonly planned: readonly PlannedTensor[];
  /** Writes them piece by piece. Yields the bytes of the source that each piece was made of. */
  write(writer: SafetensorsWriter): Generator<number>;
}

/** Bytes of the source that have been rewritten, and bytes of the source in all. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/**
 * Writes a copy of a component as a diffusers-layout folder, tensor by tensor and in bounded memory. Where the caller stops early, what
 * was written is no checkpoint.
 *
 * @param config what the copy's `config.json` says
 * @throws CheckpointError where the source cannot be read; an Error of the file system where the copy cannot be written
 */
export function* convert(
  component: Component,
  to: string,
  config: Readonly<Record<string, unknown>>,
  rewrites: readonly Rewrite[],
): Generator<Progress> {
  const total = rewrites.reduce((sum, { source }) => sum + source.length, 0);
  makeFolder(to);
  writeFileSync(join(to, 'config.json'), `${JSON.stringify(config, null, 2)}\n`);
  const writer = new SafetensorsWriter(
    join(to, weightsName(component)),
    rewrites.flatMap(({ planned }) => planned),
  );
  let done = 0;
  let whole = false;
  try {
    for (const { source, write } of rewrites) {
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

/** The tensor as it lies. */
export function copied(source: StoredTensor, type: StoredType): Rewrite {
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

/** A matrix as float32, with its scales and low-rank terms in it. */
export function dequantised(component: Component, source: StoredTensor): Rewrite {
  return {
    source,
    planned: [{ ...source, type: 'F32' }],
    *write(writer) {
      for (const { values, bytes } of readRows(component, source)) {
        writer.append(source.name, bytesOf(values));
        yield bytes;
      }
    },
  };
}

/** The numbers of a matrix [rows, width] with its scales and low-rank terms in them, some rows at a time, and the bytes they were. */
export function* readRows(
  component: Component,
  source: StoredTensor,
): Generator<{ values: Float32Array; bytes: number }> {
  const [count, width] = source.shape as [number, number];
  const scale = scaleOf(source, component.tensors, source.file);
  const factors = scale === null ? null : { values: readValues(scale), shape: scale.shape, matrix: source.shape };
  const change = component.adapter?.get(source.name);
  const down = change && readFactor(change.down, change.scale);
  const step = Math.max(1, Math.floor(CHUNK / width));
  for (let from = 0; from < count; from += step) {
    const to = Math.min(count, from + step);
    const part = rowsOf(source, from, to);
    const values = readValues(part);
    if (factors !== null) multiply(values, width, from, factors);
    if (change !== undefined) {
      addProduct(values, readFactor(partOf(change.up, from, to), 1), down!, change.rank, width);
    }
    yield { values, bytes: part.length };
  }
}

interface Factors {
  readonly values: Float32Array;
  /** [R, C]. */
  readonly shape: readonly number[];
  /** Sizes of the matrix that they belong to. */
  readonly matrix: readonly number[];
}

/** Multiplies rows of a matrix, from row `from` on, by the factors of their blocks. */
function multiply(rows: Float32Array, width: number, from: number, { values, shape, matrix }: Factors): void {
  const [blockRows, blockColumns] = blockSize(matrix, shape)!;
  for (let row = 0; row * width < rows.length; row++) {
    const first = Math.floor((from + row) / blockRows) * shape[1]!;
    for (let i = 0; i < width; i++) rows[row * width + i]! *= values[first + Math.floor(i / blockColumns)]!;
  }
}

export function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** values [n, width] += up [n, rank] · down [rank, width], summed in float64. */
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

/** The name of a component's only file of weights: diffusers' models say their class, and those of transformers do not. */
function weightsName({ config }: Component): string {
  return '_class_name' in config ? 'diffusion_pytorch_model.safetensors' : 'model.safetensors';
}
