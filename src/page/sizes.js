/**
 * @typedef {import('./api.js').Model} Model
 * @typedef {{ width: number, height: number }} Size
 */

/**
 * The longest side of an image that any of the models takes.
 * @param {Model[]} models
 */
export const longestSide = (models) => side(Math.sqrt(Math.max(...models.map(({ maxPixels }) => maxPixels))));

const smallestSide = 64;
const ratios = [4 / 3, 3 / 4, 16 / 9, 9 / 16];

/**
 * Sizes to choose from, the model's own first. A long side is never longer than the side of the largest square.
 * @param {Model} model
 * @returns {Size[]}
 */
export function sizesOf({ defaultWidth, defaultHeight, maxPixels }) {
  const largest = side(Math.sqrt(maxPixels));
  const usual = Math.min(largest, Math.max(defaultWidth, defaultHeight));
  const sizes = [{ width: defaultWidth, height: defaultHeight }];
  for (const long of new Set([usual, largest, side(usual / 2)])) {
    sizes.push({ width: long, height: long });
    if (long >= usual) {
      for (const ratio of ratios) {
        sizes.push({ width: side(long * Math.min(1, ratio)), height: side(long / Math.max(1, ratio)) });
      }
    }
  }
  const names = sizes.map(nameOf);
  return sizes.filter(
    (size, index) => Math.min(size.width, size.height) >= smallestSide && names.indexOf(nameOf(size)) === index,
  );
}

/** @param {Size} size */
export const nameOf = ({ width, height }) => `${width}x${height}`;

/** @param {number} pixels */
function side(pixels) {
  return Math.floor(pixels / 16) * 16;
}
