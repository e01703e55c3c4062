const LEAST_SIDE = 64;
const MOST_ASPECT = 8;

/** Sizes of reference images that a model takes, for messages. */
export const VALID_REFERENCE = `at least ${LEAST_SIDE} pixels on each side, one at most ${MOST_ASPECT} times as long as the other,`;

/**
 * Whether an image of this size may be a reference of an instruction. The reference implementation takes no others.
 *
 * @see diffusers `Flux2ImageProcessor.check_image_input`
 */
export function isValidReference({ width, height }: { readonly width: number; readonly height: number }): boolean {
  return Math.min(width, height) >= LEAST_SIDE && Math.max(width, height) <= MOST_ASPECT * Math.min(width, height);
}
