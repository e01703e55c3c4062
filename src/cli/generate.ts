import type { Settings } from '../app/config.js';
import { anonymous } from '../domain/caller.js';
import type { GenerateRequest } from '../generation/types.js';
import { type Ask, draw } from './draw.js';
import { type GuidedOptions, readGuided } from './options.js';
import { readPrompts } from './standard-input.js';
import { readSize } from './usage.js';

export interface GenerateOptions extends GuidedOptions {
  readonly size?: string;
}

/** Images of one request, at most: more are asked for in several. */
const together = 8;

/** `inkstone generate`: images from words. */
export async function generateCommand(settings: Settings, prompt: string, options: GenerateOptions): Promise<void> {
  const size = options.size === undefined ? {} : readSize(options.size);
  const common = { ...readGuided(options), ...size };
  const asks = (await readPrompts('<prompt>', prompt)).map((words): Ask => {
    const request: GenerateRequest = { ...common, prompt: words };
    return (service, share, submit) => service.generate(anonymous, { ...request, ...share }, submit);
  });
  await draw(settings, options, asks, together);
}
