const LEAST_SIDE = 64;
const MOST_ASPECT = 8;

/** What a model that follows instructions takes before its eyes, in words. */
export const VALID_REFERENCE = `at least ${LEAST_SIDE} pixels on each side, one at most ${MOST_ASPECT} times as long as the other,`;

/**
 * Whether an image of this size may be put before a model that follows instructions. The reference takes no others.
 *
 * @see diffusers `Flux2ImageProcessor.check_image_input`
 */
export function isValidReference({ width, height }: { readonly width: number; readonly height: number }): boolean {
  return Math.min(width, height) >= LEAST_SIDE && Math.max(width, height) <= MOST_ASPECT * Math.min(width, height);
}
