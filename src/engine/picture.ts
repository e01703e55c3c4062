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

/**
 * Box-averages decoded values down by a whole factor, so that no side is longer than `maxSide`.
 *
 * @param decoded [1, 3, H, W]
 */
export function shrink(decoded: Tensor, maxSide: number): Tensor {
  const [, channels, height, width] = decoded.shape as [number, number, number, number];
  const factor = Math.ceil(Math.max(height, width) / maxSide);
  if (factor <= 1) return decoded;
  const [h, w] = [Math.max(1, Math.floor(height / factor)), Math.max(1, Math.floor(width / factor))];
  const data = new Float32Array(channels * h * w);
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        let sum = 0;
        for (let dy = 0; dy < factor; dy++) {
          const row = (c * height + y * factor + dy) * width + x * factor;
          for (let dx = 0; dx < factor; dx++) sum += decoded.data[row + dx]!;
        }
        data[(c * h + y) * w + x] = sum / (factor * factor);
      }
  return { shape: [1, channels, h, w], data };
}
