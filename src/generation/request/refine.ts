import { CheckpointError } from '../../checkpoint/index.js';
import { outOfRange, refused, refusedAs } from '../../domain/validation.js';
import type { Pixels, Region } from '../../engine/engine.js';
import type { ResolvedRequest } from '../resolved-request.js';
import type { RefineRequest } from '../types.js';
import { unusable, unusableDetails } from '../unusable.js';
import { exactSize, maskFor } from './input-images.js';
import { capableModel } from './model.js';
import { readText } from './prompt.js';
import type { RequestContext } from './reader.js';
import { readCommon } from './sampling.js';

const maxRegions = 32;

/** Reads a request to improve an image. @throws InvalidInput, UnknownModel, NotFound, or the signal's reason */
export async function readRefine(
  request: RefineRequest,
  context: RequestContext,
  signal: AbortSignal,
): Promise<ResolvedRequest> {
  const model = await capableModel(request.model, context, 'REFINE');
  const { refineSteps, refineStrength } = model.defaults;
  const text = readText('prompt', request.prompt ?? '');
  const strength = request.strength ?? refineStrength;
  if (!(strength > 0 && strength <= 1)) throw refused('strength', 'above 0 and at most 1', strength, outOfRange(0, 1));
  if (request.mask != null && request.regions != null)
    throw refusedAs('regions', 'left out where there is a mask', 'both', {
      code: 'CONFLICT',
      parameters: { with: 'mask' },
    });
  const asked = { text, count: 1, defaultSteps: refineSteps };
  const { canonical, ...rest } = await readCommon(request, asked, model, context);

  const source = await context.sources.open(request.image, 'image', signal, exactSize('image', model.limits));
  const mask = request.mask == null ? null : await maskFor(source.pixels, request.mask, context, signal);
  const regions = request.regions == null ? null : regionsOf(request.regions, source.pixels);
  const { width, height } = source.pixels;
  return {
    ...rest,
    canonical: {
      ...{ ...canonical, operation: 'REFINE', width, height, strength, regions },
      source: source.sha256,
      mask: mask?.sha256 ?? null,
      regionDetector: mask === null && regions === null ? await regionDetectorOf(model.id, context) : '',
    },
    inputImages: { source: source.pixels, sourceId: source.imageId, references: [], mask: mask?.value ?? null },
  };
}

/** @throws InvalidInput where it cannot be used now */
async function regionDetectorOf(model: string, { regionDetector }: RequestContext): Promise<string> {
  try {
    return await regionDetector(model);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    const received = `nothing, and ${unusable('the face detector', error.fault)}`;
    throw refusedAs('regions', 'given', received, unusableDetails('UNUSABLE_FINDER', error.fault));
  }
}

function regionsOf(asked: readonly Region[], image: Pixels): readonly Region[] {
  if (asked.length < 1 || asked.length > maxRegions)
    throw refusedAs('regions', `between 1 and ${maxRegions} of them`, `${asked.length}`, outOfRange(1, maxRegions));
  return asked.map(({ x, y, width, height }, i) => {
    const inside = (from: number, length: number, side: number) => from >= 0 && length >= 1 && from + length <= side;
    if (inside(x, width, image.width) && inside(y, height, image.height)) return { x, y, width, height };
    throw refusedAs(
      `regions.${i}`,
      `inside of the image, which is ${image.width} × ${image.height}`,
      `${width} × ${height} at ${x}, ${y}`,
      { code: 'OUTSIDE_IMAGE', parameters: { width: image.width, height: image.height } },
    );
  });
}
