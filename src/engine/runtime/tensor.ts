/** A dense array of 32-bit floats in C order: what crosses between the pipeline and the graphs. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Wraps `data`, checking that it fills the shape. */
export function tensor(shape: readonly number[], data: Float32Array): Tensor {
  if (data.length !== elements(shape))
    throw new RangeError(
      `Expected ${elements(shape)} values for a tensor of ${shape.join('×')} but received ${data.length}.`,
    );
  return { shape, data };
}

/** a + factor·b, rounded to float32 after the product as after the sum. */
export function addScaled(a: Tensor, factor: number, b: Tensor): Tensor {
  const data = new Float32Array(a.data.length);
  for (let i = 0; i < data.length; i++) data[i] = a.data[i]! + Math.fround(factor * b.data[i]!);
  return { shape: a.shape, data };
}

/** factor·a, in float32. */
export function scaled(a: Tensor, factor: number): Tensor {
  return { shape: a.shape, data: a.data.map((value) => factor * value) };
}

/** Joins along the first axis; all other axes agree. */
export function concat(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (first === undefined) throw new RangeError('Expected at least one tensor to join but received none.');
  if (parts.length === 1) return first;
  const data = new Float32Array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return tensor([parts.reduce((sum, part) => sum + part.shape[0]!, 0), ...first.shape.slice(1)], data);
}

/** Items `from` … `to − 1` of the first axis, without copying. */
export function items(whole: Tensor, from: number, to: number): Tensor {
  const size = elements(whole.shape.slice(1));
  return { shape: [to - from, ...whole.shape.slice(1)], data: whole.data.subarray(from * size, to * size) };
}

/** Averages squares of the last two axes, `factor` wide; what is left over at the ends is dropped. */
export function averaged({ shape, data }: Tensor, factor: number): Tensor {
  const [height, width] = shape.slice(-2) as [number, number];
  const [h, w] = [Math.floor(height / factor), Math.floor(width / factor)];
  const planes = elements(shape.slice(0, -2));
  const result = new Float32Array(planes * h * w);
  for (let plane = 0; plane < planes; plane++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        let sum = 0;
        for (let dy = 0; dy < factor; dy++) {
          const row = (plane * height + y * factor + dy) * width + x * factor;
          for (let dx = 0; dx < factor; dx++) sum += data[row + dx]!;
        }
        result[(plane * h + y) * w + x] = sum / (factor * factor);
      }
  return { shape: [...shape.slice(0, -2), h, w], data: result };
}

/** Whether every value is a finite number. */
export function allFinite(values: Tensor): boolean {
  // x·0 is 0 for finite x and NaN otherwise, so one sum answers for all.
  let sum = 0;
  for (const value of values.data) sum += value * 0;
  return sum === 0;
}

export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
