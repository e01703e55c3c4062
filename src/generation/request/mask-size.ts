import type { Mask, Pixels } from '../../engine/engine.js';
import { turns } from '../../environment/in-turns.js';

/** From this grey on a mask's pixel is white. */
const WHITE = 128;

/**
 * A mask of black and white in an image's size. Where it is larger, a pixel is white that any of its own is, so that no line is lost;
 * where it is smaller, the nearest decides.
 */
export async function maskOfSize(mask: Mask, { width, height }: Pick<Pixels, 'width' | 'height'>): Promise<Mask> {
  const data = new Uint8Array(width * height);
  const columns = Array.from({ length: width }, (_, x) => own(x, width, mask.width));
  const rest = turns();
  for (let y = 0; y < height; y++) {
    const [top, bottom] = own(y, height, mask.height);
    for (let my = top; my < bottom; my++)
      for (let x = 0; x < width; x++) {
        const [left, right] = columns[x]!;
        for (let at = my * mask.width + left; at < my * mask.width + right; at++)
          if (mask.data[at]! >= WHITE) data[y * width + x] = 255;
      }
    await rest();
  }
  return { width, height, data };
}

/** The mask's pixels, from and to before, that belong to pixel `i` of `length`: each to one where there are more, else the nearest. */
function own(i: number, length: number, maskLength: number): readonly [number, number] {
  const from = Math.floor((i * maskLength) / length);
  return [from, Math.max(from + 1, Math.floor(((i + 1) * maskLength) / length))];
}
