import type { Pixels } from './job.js';
import type { Tensor } from './tensor.js';

/**
 * Decoded values to 8-bit pixels: (x/2 + 0.5) clamped to 0 … 1, times 255, rounded half to even.
 *
 * @param decoded [1, 3, H, W], about −1 … 1
 */
export function toPixels(decoded: Tensor): Pixels {
  const [, , height, width] = decoded.shape as [number, number, number, number];
  const plane = height * width;
  const data = new Uint8Array(plane * 3);
  for (let i = 0; i < plane; i++)
    for (let channel = 0; channel < 3; channel++) data[i * 3 + channel] = toByte(decoded.data[channel * plane + i]!);
  return { width, height, data };
}

function toByte(value: number): number {
  const x = Math.fround(Math.min(1, Math.max(0, Math.fround(value / 2 + 0.5)))) * 255;
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}
