import { readFile } from 'node:fs/promises';
import type { Region } from '../engine/engine.js';
import type { ImageRequest } from '../inputs/source.js';
import { readLoras } from './loras.js';
import { standardInput } from './standard-input.js';
import { number, UsageError } from './usage.js';

/** Options that every image has. */
export interface SamplingOptions {
  readonly out: string;
  readonly count: string;
  readonly json?: boolean;
  readonly seed?: string;
  readonly steps?: string;
  readonly model?: string;
  readonly lora?: readonly string[];
}

/** Options of those that follow words closely. */
export interface GuidedOptions extends SamplingOptions {
  readonly guidance?: string;
  readonly negative?: string;
  readonly dynamicGuidance?: boolean;
  readonly guidanceNormalization?: string;
  readonly guidanceTruncation?: string;
}

export function readSampling({ seed, steps, model, lora = [] }: SamplingOptions) {
  const loras = readLoras(lora).map(({ id, weight }) => ({ id, weight }));
  return { model, seed: number('--seed', seed), steps: number('--steps', steps), loras };
}

export function readGuided(options: GuidedOptions) {
  const { guidance, negative, dynamicGuidance, guidanceNormalization, guidanceTruncation } = options;
  return {
    ...readSampling(options),
    ...{ guidance: number('--guidance', guidance), negativePrompt: negative, dynamicGuidance },
    guidanceNormalization: number('--guidance-normalization', guidanceNormalization),
    guidanceTruncation: number('--guidance-truncation', guidanceTruncation),
  };
}

/** An image's file, its address, or standard input for `-`. @throws UsageError */
export async function imageRequest(argument: string, place: string): Promise<ImageRequest> {
  if (/^https?:\/\//.test(place)) return { url: place };
  if (place === '-') return { upload: new Blob([await standardInput(argument)]) };
  try {
    return { upload: new Blob([await readFile(place)]) };
  } catch {
    throw new UsageError(`Expected ${argument} to be a file or an address but received ${place}, which is not there.`);
  }
}

/** `10,20,64,48`: x, y, width, height. */
export function readRegion(text: string): Region {
  const numbers = /^\d+(,\d+){3}$/.test(text) ? text.split(',').map(Number) : null;
  if (numbers === null) throw new UsageError(`Expected --region to be like 10,20,64,48 but received ${text}.`);
  const [x, y, width, height] = numbers as [number, number, number, number];
  return { x, y, width, height };
}
