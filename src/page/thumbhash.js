/**
 * An image's 25-byte preview (https://evanw.github.io/thumbhash/) as pixels: a few cosines of luminance and two colour
 * differences. Alpha is not read, our images have none.
 * @param {string} base64
 * @returns {ImageData}
 */
export function thumbhashPixels(base64) {
  const hash = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const at = (/** @type {number} */ index) => hash[index] ?? 0;
  const header = at(0) | (at(1) << 8) | (at(2) << 16);
  const more = at(3) | (at(4) << 8);
  const hasAlpha = header >> 23;
  const landscape = more >> 15;
  const short = more & 7;
  const lx = Math.max(3, landscape ? (hasAlpha ? 5 : 7) : short);
  const ly = Math.max(3, landscape ? short : hasAlpha ? 5 : 7);

  let nibble = hasAlpha ? 12 : 10;
  const channel = (/** @type {number} */ nx, /** @type {number} */ ny, /** @type {number} */ scale) => {
    const terms = [];
    for (let y = 0; y < ny; y++) {
      for (let x = y > 0 ? 0 : 1; x * ny < nx * (ny - y); x++, nibble++) {
        const value = (at(nibble >> 1) >> ((nibble & 1) * 4)) & 15;
        terms.push({ x, y, weight: (value / 7.5 - 1) * scale });
      }
    }
    return terms;
  };
  const luminance = channel(lx, ly, ((header >> 18) & 31) / 31);
  const yellowBlue = channel(3, 3, (((more >> 3) & 63) / 63) * 1.25);
  const redGreen = channel(3, 3, (((more >> 9) & 63) / 63) * 1.25);

  const width = Math.round(lx > ly ? 32 : (32 * lx) / ly);
  const height = Math.round(lx > ly ? (32 * ly) / lx : 32);
  const pixels = new ImageData(width, height);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const sum = (/** @type {number} */ start, /** @type {typeof luminance} */ terms) =>
        terms.reduce(
          (value, { x, y, weight }) =>
            value +
            2 *
              weight *
              Math.cos((Math.PI / width) * (column + 0.5) * x) *
              Math.cos((Math.PI / height) * (row + 0.5) * y),
          start,
        );
      const l = sum((header & 63) / 63, luminance);
      const p = sum(((header >> 6) & 63) / 31.5 - 1, yellowBlue);
      const q = sum(((header >> 12) & 63) / 31.5 - 1, redGreen);
      const blue = l - (2 / 3) * p;
      const red = (3 * l - blue + q) / 2;
      pixels.data.set([red * 255, (red - q) * 255, blue * 255, 255], 4 * (row * width + column));
    }
  }
  return pixels;
}
