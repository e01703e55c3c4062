import type { ModelDescription } from '../../domain/model-entry.js';
import type { ProblemCode, ProblemParameters } from '../../domain/problem-codes.js';
import { refusedAs } from '../../domain/validation.js';
import type { Mask, Pixels } from '../../engine/engine.js';
import type { Size } from '../../images/decode.js';
import type { ImageRequest } from '../../inputs/source.js';
import { hashOf } from '../../inputs/sources.js';
import { maskOfSize } from './mask-size.js';
import type { RequestContext } from './reader.js';

type Limits = ModelDescription['limits'];

/** An image or mask as the engine takes it, with the hash that stands for it in fingerprints. */
export interface Hashed<T> {
  readonly value: T;
  readonly sha256: string;
}

/** For an image of a size that the model takes as it is, since every pixel of it counts. It throws InvalidInput. */
export function exactSize(field: string, limits: Limits): (own: Size) => Size {
  const { minSide, maxSide, maxPixels } = limits;
  return ({ width, height }) => {
    const refuse = (expected: string, code: ProblemCode, parameters: ProblemParameters) =>
      refusedAs(field, expected, `${width} × ${height}`, { code, parameters });
    if (Math.min(width, height) < minSide)
      throw refuse(`at least ${minSide} pixels on each side`, 'IMAGE_TOO_SMALL', { min: minSide });
    if (Math.max(width, height) > maxSide)
      throw refuse(`at most ${maxSide} pixels on each side`, 'IMAGE_TOO_LARGE', { max: maxSide });
    if (width * height > maxPixels)
      throw refuse(`at most ${maxPixels} pixels in all`, 'TOO_MANY_PIXELS', { max: maxPixels });
    return { width, height };
  };
}

/** For an image scaled down to what the model takes, where it is larger. It throws InvalidInput where it is too small, or so narrow that it becomes so. */
export function fittedSize(field: string, limits: Limits): (own: Size) => Size {
  return ({ width, height }) => {
    const scale = Math.min(limits.maxSide / Math.max(width, height), Math.sqrt(limits.maxPixels / (width * height)));
    if (scale >= 1) return exactSize(field, limits)({ width, height });
    const fitting = { width: Math.floor(width * scale), height: Math.floor(height * scale) };
    if (Math.min(fitting.width, fitting.height) >= limits.minSide) return fitting;
    throw refusedAs(
      field,
      `at least ${limits.minSide} pixels on each side when it is scaled down to what the model takes`,
      `${width} × ${height}, which would be ${fitting.width} × ${fitting.height}`,
      { code: 'IMAGE_TOO_SMALL', parameters: { min: limits.minSide } },
    );
  };
}

/**
 * A mask of the image's size, each value black or white; one of the same shape but another size is resized.
 *
 * @throws InvalidInput also where nothing is white
 */
export async function maskFor(
  { width, height }: Pixels,
  asked: ImageRequest,
  context: RequestContext,
  signal: AbortSignal,
): Promise<Hashed<Mask>> {
  const mask = await context.sources.openMask(asked, 'mask', signal);
  if (Math.abs((mask.height * width) / mask.width - height) > 1)
    throw refusedAs('mask', `of the image's shape, ${width} × ${height}`, `${mask.width} × ${mask.height}`, {
      code: 'WRONG_SHAPE',
    });
  const value = await maskOfSize(mask, { width, height });
  if (!value.data.includes(255)) throw refusedAs('mask', 'white somewhere', 'only black', { code: 'EMPTY_MASK' });
  return { value, sha256: await hashOf(value) };
}
