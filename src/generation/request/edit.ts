import { outOfRange, refused, refusedAs } from '../../domain/validation.js';
import type { EditMode, Pixels } from '../../engine/engine.js';
import { stepsOfStrength } from '../../engine/pipelines/schedule.js';
import { isValidReference, VALID_REFERENCE } from '../../engine/pipelines/valid-reference.js';
import type { ResolvedRequest } from '../resolved-request.js';
import type { EditRequest } from '../types.js';
import { exactSize, fittedSize, maskFor } from './input-images.js';
import { capableModel } from './model.js';
import { requirePrompt } from './prompt.js';
import type { RequestContext } from './reader.js';
import { readCommon } from './sampling.js';

/**
 * Reads a request to change an image: a mask repaints, else a strength starts from the noised image, else the prompt is
 * an instruction.
 *
 * @throws InvalidInput, UnknownModel, NotFound, or the signal's reason
 */
export async function readEdit(
  request: EditRequest,
  context: RequestContext,
  signal: AbortSignal,
): Promise<ResolvedRequest> {
  const mode = modeOf(request);
  const model = await capableModel(request.model, context, 'EDIT', mode);
  const { limits } = model;
  const text = requirePrompt(request.prompt);
  const references = request.references ?? [];
  if (references.length > 0 && mode !== 'INSTRUCTION')
    throw refusedAs('references', 'left out where there is a mask or a strength', `${references.length}`, {
      code: 'CONFLICT',
      parameters: { with: mode === 'INPAINT' ? 'mask' : 'strength' },
    });
  if (references.length > limits.maxReferences)
    throw refusedAs(
      'references',
      `at most ${limits.maxReferences} images, as ${model.id} takes,`,
      `${references.length}`,
      { code: 'TOO_MANY', parameters: { max: limits.maxReferences } },
    );
  const defaultSteps = model.defaults.steps;
  const { canonical, ...rest } = await readCommon(request, { text, count: 1, defaultSteps }, model, context);
  const strength = mode === 'INSTRUCTION' ? null : strengthOf(request.strength ?? 1, canonical.sampling.steps);

  const open = context.sources.open.bind(context.sources);
  // Where pixels are promised to come back unchanged, they are not resized either.
  const size = mode === 'INPAINT' ? exactSize('image', limits) : fittedSize('image', limits);
  const source = await open(request.image, 'image', signal, size);
  const mask = request.mask == null ? null : await maskFor(source.pixels, request.mask, context, signal);
  const others = await Promise.all(
    references.map(async (reference, i) => {
      const field = `references.${i}`;
      return open(reference, field, signal, fittedSize(field, limits));
    }),
  );
  const { width, height } = source.pixels;
  if (mode === 'INSTRUCTION') {
    requireShowable('image', source.pixels);
    for (const [i, { pixels }] of others.entries()) requireShowable(`references.${i}`, pixels);
  }
  return {
    ...rest,
    canonical: {
      ...{ ...canonical, operation: 'EDIT', mode, width, height, strength },
      source: source.sha256,
      references: others.map(({ sha256 }) => sha256),
      mask: mask?.sha256 ?? null,
    },
    inputImages: {
      source: source.pixels,
      sourceId: source.imageId,
      references: others.map(({ pixels }) => pixels),
      mask: mask?.value ?? null,
    },
  };
}

/** An image of a shape that a model's instructions may speak of. @throws InvalidInput */
function requireShowable(field: string, { width, height }: Pixels): void {
  if (!isValidReference({ width, height }))
    throw refusedAs(field, VALID_REFERENCE, `${width} × ${height}`, { code: 'WRONG_SHAPE' });
}

function modeOf({ mask, strength }: EditRequest): EditMode {
  if (mask != null) return 'INPAINT';
  return strength == null ? 'INSTRUCTION' : 'STRENGTH';
}

function strengthOf(strength: number, steps: number): number {
  if (!(strength >= 0 && strength <= 1)) throw refused('strength', 'between 0 and 1', strength, outOfRange(0, 1));
  if (stepsOfStrength(steps, strength) < 1)
    throw refused('strength', `enough for one of ${steps} steps to run`, strength, outOfRange(1 / steps, 1));
  return strength;
}
