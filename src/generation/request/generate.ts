import type { ModelDescription } from '../../domain/model-entry.js';
import { refused, refusedAs, whole } from '../../domain/validation.js';
import type { ResolvedRequest } from '../resolved-request.js';
import type { GenerateRequest } from '../types.js';
import { capableModel } from './model.js';
import { requirePrompt } from './prompt.js';
import type { RequestContext } from './reader.js';
import { readCommon } from './sampling.js';

const maxCount = 8;

/** Reads a request for images from a prompt. @throws InvalidInput, UnknownModel */
export async function readGenerate(request: GenerateRequest, context: RequestContext): Promise<ResolvedRequest> {
  const model = await capableModel(request.model, context, 'GENERATE');
  const text = requirePrompt(request.prompt);
  const size = sizeOf(request, model);
  const count = whole('count', request.count ?? 1, 1, maxCount);
  const defaultSteps = model.defaults.steps;
  const { canonical, ...rest } = await readCommon(request, { text, count, defaultSteps }, model, context);
  return { canonical: { ...canonical, ...size, operation: 'GENERATE' }, inputImages: null, ...rest };
}

function sizeOf({ width, height }: GenerateRequest, { defaults, limits }: ModelDescription) {
  const side = (field: string, value: number) => {
    if (value % 16 === 0 && value >= limits.minSide && value <= limits.maxSide) return value;
    throw refused(field, `a multiple of 16 between ${limits.minSide} and ${limits.maxSide}`, value, {
      code: 'INVALID_SIZE',
      parameters: { multipleOf: 16, min: limits.minSide, max: limits.maxSide },
    });
  };
  const sides = { width: side('width', width ?? defaults.width), height: side('height', height ?? defaults.height) };
  if (sides.width * sides.height > limits.maxPixels) {
    // The side that the client chose is the one to change.
    const field = width == null ? 'height' : 'width';
    throw refusedAs(
      field,
      `such that width × height is at most ${limits.maxPixels}`,
      `${sides.width} × ${sides.height}`,
      { code: 'TOO_MANY_PIXELS', parameters: { max: limits.maxPixels } },
    );
  }
  return sides;
}
