import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { entryFromCheckpoint } from '../../src/catalog/entry-from-checkpoint.js';
import type { ModelEntry } from '../../src/domain/model-entry.js';

export const fixtures = join(import.meta.dirname, '..', 'parity', 'fixtures', 'checkpoints');

const made: string[] = [];
afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'inkstone-engine-'));
  made.push(folder);
  return folder;
}

/** The tiny Turbo checkpoint of the reference data, with a tiny autoencoder for previews. */
export function tinyTurbo(changes: Partial<ModelEntry> = {}): ModelEntry {
  const entry = entryFromCheckpoint(join(fixtures, 'tiny-turbo'));
  return { ...entry, components: { ...entry.components, preview: join(fixtures, 'taef1-tiny') }, ...changes };
}

export type Component = 'transformer' | 'text_encoder' | 'vae';

/** A copy of the tiny Turbo checkpoint with one component's weights changed. */
export function changedTurbo(component: Component, change: (weights: Weights) => void): ModelEntry {
  const folder = join(temporaryFolder(), 'changed');
  cpSync(join(fixtures, 'tiny-turbo'), folder, { recursive: true });
  const name = component === 'text_encoder' ? 'model' : 'diffusion_pytorch_model';
  const file = join(folder, component, `${name}.safetensors`);
  const weights = new Weights(file);
  change(weights);
  weights.save();
  return entryFromCheckpoint(folder);
}

/** A safetensors file of float32 that can be damaged. */
export class Weights {
  readonly #file: string;
  readonly #header: Record<string, { data_offsets: [number, number] }>;
  readonly #data: Buffer;

  constructor(file: string) {
    this.#file = file;
    const bytes = readFileSync(file);
    const end = 8 + Number(bytes.readBigUInt64LE(0));
    this.#header = JSON.parse(bytes.toString('utf8', 8, end));
    this.#data = bytes.subarray(end);
  }

  /** Sets the first value of a tensor. */
  poison(tensor: string, value: number): void {
    this.#data.writeFloatLE(value, this.#header[tensor]!.data_offsets[0]);
  }

  remove(tensor: string): void {
    delete this.#header[tensor];
  }

  save(): void {
    const header = Buffer.from(JSON.stringify(this.#header));
    const padded = Buffer.concat([header, Buffer.alloc((8 - (header.length % 8)) % 8, ' ')]);
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(padded.length));
    writeFileSync(this.#file, Buffer.concat([length, padded, this.#data]));
  }
}
