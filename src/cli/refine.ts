import type { Settings } from '../app/config.js';
import type { RefineRequest } from '../generation/types.js';
import { type Ask, draw } from './draw.js';
import { type DrawingOptions, picture, readDrawing, readRegion } from './options.js';
import { readPrompts } from './standard-input.js';
import { number } from './usage.js';

export interface RefineOptions extends DrawingOptions {
  readonly prompt?: string;
  readonly strength?: string;
  readonly mask?: string;
  readonly region?: readonly string[];
}

/** `inkstone refine`: a picture, better where it needs it. */
export async function refineCommand(settings: Settings, image: string, options: RefineOptions): Promise<void> {
  const { prompt, strength, mask, region } = options;
  const prompts = prompt === undefined ? [undefined] : await readPrompts('--prompt', prompt);
  const common = {
    ...readDrawing(options),
    image: await picture('<image>', image),
    mask: mask === undefined ? null : await picture('--mask', mask),
    regions: region?.map(readRegion),
    strength: number('--strength', strength),
  };
  const asks = prompts.map((words): Ask => {
    const request: RefineRequest = { ...common, prompt: words };
    return (studio, { seed }, submit) => studio.refine({ ...request, seed }, submit);
  });
  await draw(settings, options, asks, 1);
}
