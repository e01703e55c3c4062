import { openAsBlob } from 'node:fs';
import type { AppliedLora, Region } from '../engine/job.js';
import type { ImageRequest } from '../studio/sources/source.js';
import { UsageError } from './usage.js';

/** Options that every picture has. */
export interface DrawingOptions {
  readonly out: string;
  readonly seed?: string;
  readonly steps?: string;
  readonly model?: string;
  readonly lora?: readonly string[];
}

/** Options of those that follow words closely. */
export interface GuidedOptions extends DrawingOptions {
  readonly guidance?: string;
  readonly negative?: string;
}

export function readDrawing({ seed, steps, model, lora = [] }: DrawingOptions) {
  return { model, seed: number('--seed', seed), steps: number('--steps', steps), loras: lora.map(readLora) };
}

export function readGuided(options: GuidedOptions) {
  const { guidance, negative } = options;
  return { ...readDrawing(options), guidance: number('--guidance', guidance), negativePrompt: negative };
}

export function number(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new UsageError(`Expected ${option} to be a number but received ${text}.`);
}

/** A picture's file, or its address. */
export async function picture(option: string, place: string): Promise<ImageRequest> {
  if (/^https?:\/\//.test(place)) return { url: place };
  try {
    return { upload: await openAsBlob(place) };
  } catch {
    throw new UsageError(`Expected ${option} to be a file or an address but received ${place}, which is not there.`);
  }
}

/** `style-ink:0.8`; the weight may be left out. */
function readLora(text: string): AppliedLora {
  const [, id, weight = '1'] = /^([\w.-]+)(?::(.+))?$/.exec(text) ?? [];
  if (id === undefined) throw new UsageError(`Expected --lora to be like style-ink:0.8 but received ${text}.`);
  return { id, weight: number('--lora', weight)! };
}

/** `10,20,64,48`: x, y, width, height. */
export function readRegion(text: string): Region {
  const numbers = /^\d+(,\d+){3}$/.test(text) ? text.split(',').map(Number) : null;
  if (numbers === null) throw new UsageError(`Expected --region to be like 10,20,64,48 but received ${text}.`);
  const [x, y, width, height] = numbers as [number, number, number, number];
  return { x, y, width, height };
}
