import { type Tensor, tensor } from './tensor.js';

// Rows of images [1, C, H, W], which lie in as many pieces as there are channels.

/** A copy of the rows `from` … `to − 1`, in `memory` that has room for them. */
export function rowsOf({ shape, data }: Tensor, from: number, to: number, memory: Float32Array): Tensor {
  const [, channels, height, width] = shape as [number, number, number, number];
  const size = (to - from) * width;
  const rows = memory.subarray(0, channels * size);
  for (let channel = 0; channel < channels; channel++) {
    const start = (channel * height + from) * width;
    rows.set(data.subarray(start, start + size), channel * size);
  }
  return tensor([1, channels, to - from, width], rows);
}

/** Copies `count` rows of an image into another of its width and channels. */
export function putRows(from: Tensor, first: number, into: Tensor, at: number, count: number): void {
  const [, channels, height, width] = from.shape as [number, number, number, number];
  for (let channel = 0; channel < channels; channel++) {
    const start = (channel * height + first) * width;
    into.data.set(from.data.subarray(start, start + count * width), (channel * into.shape[2]! + at) * width);
  }
}
