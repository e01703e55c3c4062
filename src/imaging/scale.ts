import type { Pixels } from '../engine/job.js';
import { whenRoom } from './library.js';
import { fromPixels } from './master.js';

/** The picture in another size, interpolated with a Lanczos kernel. */
export async function scaledTo(pixels: Pixels, width: number, height: number): Promise<Pixels> {
  const data = await whenRoom(() =>
    fromPixels(pixels).resize(width, height, { fit: 'fill', kernel: 'lanczos3' }).raw().toBuffer(),
  );
  return { width, height, data: new Uint8Array(data) };
}
