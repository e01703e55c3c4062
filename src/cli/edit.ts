import type { Settings } from '../app/config.js';
import { anonymous } from '../domain/caller.js';
import type { EditRequest } from '../generation/types.js';
import { type Ask, draw } from './draw.js';
import { type GuidedOptions, imageRequest, readGuided } from './options.js';
import { readPrompts } from './standard-input.js';
import { number } from './usage.js';

export interface EditOptions extends GuidedOptions {
  readonly mask?: string;
  readonly strength?: string;
  readonly reference?: readonly string[];
}

/** `inkstone edit`: images from an image and words. */
export async function editCommand(
  settings: Settings,
  image: string,
  words: string,
  options: EditOptions,
): Promise<void> {
  const { mask, strength, reference = [] } = options;
  const prompts = await readPrompts('<words>', words);
  const common = {
    ...readGuided(options),
    image: await imageRequest('<image>', image),
    mask: mask === undefined ? null : await imageRequest('--mask', mask),
    references: await Promise.all(reference.map((place) => imageRequest('--reference', place))),
    strength: number('--strength', strength),
  };
  const asks = prompts.map((prompt): Ask => {
    const request: EditRequest = { ...common, prompt };
    return (service, { seed }, submit) => service.edit(anonymous, { ...request, seed }, submit);
  });
  await draw(settings, options, asks, 1);
}
