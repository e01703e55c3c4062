import type { Settings } from '../config.js';
import type { GenerateRequest } from '../studio/types.js';
import { drawInto } from './draw.js';
import { type GuidedOptions, readGuided } from './options.js';
import { readSize } from './usage.js';

export interface GenerateOptions extends GuidedOptions {
  readonly size?: string;
}

/** `inkstone generate`: a picture from words. */
export async function generateCommand(settings: Settings, prompt: string, options: GenerateOptions): Promise<void> {
  const size = options.size === undefined ? {} : readSize(options.size);
  const request: GenerateRequest = { prompt, ...readGuided(options), ...size };
  await drawInto(options.out, settings, (studio, submit) => studio.generate(request, submit));
}
