import type { Settings } from '../config.js';
import type { RefineRequest } from '../studio/types.js';
import { drawInto } from './draw.js';
import { type DrawingOptions, number, picture, readDrawing, readRegion } from './options.js';

export interface RefineOptions extends DrawingOptions {
  readonly prompt?: string;
  readonly strength?: string;
  readonly mask?: string;
  readonly region?: readonly string[];
}

/** `inkstone refine`: a picture, better where it needs it. */
export async function refineCommand(settings: Settings, image: string, options: RefineOptions): Promise<void> {
  const { prompt, strength, mask, region } = options;
  const request: RefineRequest = {
    ...readDrawing(options),
    prompt,
    image: await picture('<image>', image),
    mask: mask === undefined ? null : await picture('--mask', mask),
    regions: region?.map(readRegion),
    strength: number('--strength', strength),
  };
  await drawInto(options.out, settings, (studio, submit) => studio.refine(request, submit));
}
