import type { Settings } from '../config.js';
import type { EditRequest } from '../studio/types.js';
import { drawInto } from './draw.js';
import { type GuidedOptions, number, picture, readGuided } from './options.js';

export interface EditOptions extends GuidedOptions {
  readonly mask?: string;
  readonly strength?: string;
  readonly reference?: readonly string[];
}

/** `inkstone edit`: a picture from a picture and words. */
export async function editCommand(
  settings: Settings,
  image: string,
  prompt: string,
  options: EditOptions,
): Promise<void> {
  const { mask, strength, reference = [] } = options;
  const request: EditRequest = {
    ...readGuided(options),
    prompt,
    image: await picture('<image>', image),
    mask: mask === undefined ? null : await picture('--mask', mask),
    references: await Promise.all(reference.map((place) => picture('--reference', place))),
    strength: number('--strength', strength),
  };
  await drawInto(options.out, settings, (studio, submit) => studio.edit(request, submit));
}
