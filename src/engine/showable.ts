/** What the reference takes: sides in pixels, and how many times one may be as long as the other. */
const LEAST_SIDE = 64;
const MOST_ASPECT = 8;

/**
 * Why a picture cannot be put before the eyes of a model that follows instructions, in one sentence; null where it can.
 *
 * @see diffusers `Flux2ImageProcessor.check_image_input`
 */
export function whyNotShown({ width, height }: { readonly width: number; readonly height: number }): string | null {
  const aspect = Math.max(width / height, height / width);
  if (Math.min(width, height) >= LEAST_SIDE && aspect <= MOST_ASPECT) return null;
  return `Expected pictures with sides of at least ${LEAST_SIDE} pixels, one at most ${MOST_ASPECT} times the other, but received ${width}×${height}.`;
}
