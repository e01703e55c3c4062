import type { CompiledGraph, ImageEncoderConfig } from '../../compiler/index.js';
import type { Pixels } from '../engine.js';
import { bilinear, interpolation, resized } from '../image/resize.js';
import { openSession, type SessionOptions } from '../runtime/session.js';
import { type Tensor, tensor } from '../runtime/tensor.js';

/** The image encoder's last hidden state of an image, one row a patch. */
export interface VisionFeatures {
  /** Patches of the image. */
  readonly rows: number;
  readonly columns: number;
  /** [rows·columns, C]. */
  readonly features: Tensor;
}

/** SigLIP 2's vision tower. */
export interface ImageEncoder {
  /** Encodes an image of any size, which is resized to as many patches as the encoder takes, near its own proportions. */
  encode(image: Pixels): Promise<VisionFeatures>;
  dispose(): Promise<void>;
}

export async function openImageEncoder(
  graph: CompiledGraph & { readonly config: ImageEncoderConfig },
  options: SessionOptions,
): Promise<ImageEncoder> {
  const session = await openSession(graph, options);
  const { gridSide } = graph.config;
  return {
    async encode(image) {
      const { rows, columns, patches } = inPatches(image, graph.config);
      const { features } = await session.run({
        patches,
        rows: interpolation(gridSide, rows),
        columns: interpolation(gridSide, columns),
      });
      const { shape, data } = features!.read();
      return { rows, columns, features: tensor(shape.slice(1), data) };
    },
    dispose: () => session.dispose(),
  };
}

/**
 * An image as patches [N, p·p·3] of −1 … 1, row by row, with the channel fastest.
 *
 * @see transformers `Siglip2ImageProcessor.preprocess`
 */
export function inPatches(
  image: Pixels,
  { patch, maxPatches }: Pick<ImageEncoderConfig, 'patch' | 'maxPatches'>,
): { readonly rows: number; readonly columns: number; readonly patches: Tensor } {
  const { rows, columns } = patchGrid(image, patch, maxPatches);
  const { width, data } = resized(image, columns * patch, rows * patch, bilinear);
  const line = patch * 3;
  const values = new Float32Array(data.length);
  let at = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let y = 0; y < patch; y++) {
        const from = ((row * patch + y) * width + column * patch) * 3;
        for (let i = from; i < from + line; i++)
          values[at++] = (Math.fround(data[i]! * Math.fround(1 / 255)) - 0.5) / 0.5;
      }
  return { rows, columns, patches: tensor([rows * columns, patch * line], values) };
}

/** The largest scale at which an image, its sides rounded up to whole patches, has no more than so many; found by halving. */
function patchGrid({ width, height }: Pixels, patch: number, most: number): { rows: number; columns: number } {
  const precision = 1e-5;
  const along = (side: number, scale: number) => Math.max(1, Math.ceil((side * scale) / patch));
  let [low, high] = [precision / 10, 100];
  while (high - low >= precision) {
    const middle = (low + high) / 2;
    if (along(height, middle) * along(width, middle) <= most) low = middle;
    else high = middle;
  }
  return { rows: along(height, low), columns: along(width, low) };
}
