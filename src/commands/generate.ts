import type { Settings } from '../config.js';
import type { GenerateRequest } from '../studio/types.js';
import { drawInto } from './draw.js';
import { type GuidedOptions, number, readGuided, UsageError } from './options.js';

export interface GenerateOptions extends GuidedOptions {
  readonly size?: string;
}

/** `inkstone generate`: a picture from words. */
export async function generateCommand(settings: Settings, prompt: string, options: GenerateOptions): Promise<void> {
  const request: GenerateRequest = { prompt, ...readGuided(options), ...readSize(options.size) };
  await drawInto(options.out, settings, (studio, submit) => studio.generate(request, submit));
}

function readSize(size: string | undefined) {
  const [, width, height] = size === undefined ? [] : (/^(\d+)x(\d+)$/.exec(size) ?? []);
  if (size !== undefined && width === undefined)
    throw new UsageError(`Expected --size to be like 256x384 but received ${size}.`);
  return { width: number('--size', width), height: number('--size', height) };
}
