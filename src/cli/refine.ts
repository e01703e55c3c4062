import type { Settings } from '../app/config.js';
import { anonymous } from '../domain/caller.js';
import type { RefineRequest } from '../generation/types.js';
import { type Ask, draw } from './draw.js';
import { imageRequest, readRegion, readSampling, type SamplingOptions } from './options.js';
import { readPrompts } from './standard-input.js';
import { number } from './usage.js';

export interface RefineOptions extends SamplingOptions {
  readonly prompt?: string;
  readonly strength?: string;
  readonly mask?: string;
  readonly region?: readonly string[];
}

/** `inkstone refine`: an image, better where it needs it. */
export async function refineCommand(settings: Settings, image: string, options: RefineOptions): Promise<void> {
  const { prompt, strength, mask, region } = options;
  const prompts = prompt === undefined ? [undefined] : await readPrompts('--prompt', prompt);
  const common = {
    ...readSampling(options),
    image: await imageRequest('<image>', image),
    mask: mask === undefined ? null : await imageRequest('--mask', mask),
    regions: region?.map(readRegion),
    strength: number('--strength', strength),
  };
  const asks = prompts.map((words): Ask => {
    const request: RefineRequest = { ...common, prompt: words };
    return (service, { seed }, submit) => service.refine(anonymous, { ...request, seed }, submit);
  });
  await draw(settings, options, asks, 1);
}
