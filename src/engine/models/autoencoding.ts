import type { CompiledRowStep } from '../../compiler/index.js';
import { LATENT_CELL } from '../../domain/latent.js';
import type { Residency, Resident, Slot } from '../runtime/residency.js';
import type { SessionOptions } from '../runtime/session.js';
import { concat, items, type Tensor, tensor } from '../runtime/tensor.js';
import type { Posterior } from './autoencoder.js';
import type { Components } from './components.js';
import { bandLimits, computeInRows } from './row-coder.js';

/** Pixels above which an image is never taken whole. */
const LARGE = 2 ** 20;

/** Half of an autoencoder that is computed some rows at a time. */
export interface RowHalf {
  /** Compiled when they are first needed. */
  readonly steps: () => readonly CompiledRowStep[];
  /** The step that is being computed, in memory. */
  readonly slot: Slot<Resident>;
  /** Channels of the widest values at the image's full size. */
  readonly channels: number;
  /** Bytes that all values take which are held at once, of an image of so many pixels. */
  held(pixels: number): number;
}

/** The autoencoder at any size: whole where there is room, else in rows. Both give the same, within a level of 255. */
export interface Autoencoding {
  /** Latents [B, 16, h, w] → [B, 3, 8h, 8w], about −1 … 1. */
  decode(latents: Tensor): Promise<Tensor>;
  /** Image [1, 3, H, W] of −1 … 1 → the posterior of its latents, before scaling. */
  encodeImage(image: Tensor): Promise<Posterior>;
  /** What decoding an image of so many pixels needs beside the decoder, in bytes. */
  decodingBytes(pixels: number): number;
}

export function autoencoding(
  { decoder, encoder, decoderRows, encoderRows, working }: Components,
  { budgetBytes }: Residency,
  options: SessionOptions,
  pause: () => Promise<void>,
): Autoencoding {
  const isWhole = ({ memory }: Slot<Resident>, pixels: number, bytes: number) =>
    pixels <= LARGE && memory.loaded + bytes <= budgetBytes;

  async function inRows(half: RowHalf, input: Tensor, [pixels, width]: Size) {
    const { least, most } = bandLimits(half.channels, width);
    const bandBytes = Math.max(least, Math.min(most, budgetBytes - half.slot.memory.loaded - half.held(pixels)));
    const compute = () => computeInRows(half.steps(), input, { ...options, bandBytes, pause });
    return half.slot.use(compute, half.held(pixels) + bandBytes);
  }

  return {
    async decode(latents) {
      const images: Tensor[] = [];
      for (let i = 0; i < latents.shape[0]!; i++) {
        const item = items(latents, i, i + 1);
        const size = sizeOf(item, LATENT_CELL);
        if (i > 0) await pause();
        images.push(
          isWhole(decoder, size[0], working.decode(size[0]))
            ? await decoder.use((it) => it.decode(item), working.decode(size[0]))
            : await inRows(decoderRows, item, size),
        );
      }
      return concat(images);
    },
    async encodeImage(image) {
      const size = sizeOf(image, 1);
      const bytes = working.encodeImage(size[0]);
      if (isWhole(encoder, size[0], bytes)) return encoder.use((it) => it.encode(image), bytes);
      const { shape, data } = await inRows(encoderRows, image, size);
      const half = [1, shape[1]! / 2, ...shape.slice(2)];
      return {
        mean: tensor(half, data.subarray(0, data.length / 2)),
        logvar: tensor(half, data.subarray(data.length / 2)),
      };
    },
    decodingBytes(pixels) {
      const bytes = working.decode(pixels);
      if (isWhole(decoder, pixels, bytes)) return bytes;
      return decoderRows.held(pixels) + bandLimits(decoderRows.channels, Math.sqrt(pixels)).least;
    },
  };
}

/** Pixels of an image, and of its width. */
type Size = readonly [pixels: number, width: number];

function sizeOf({ shape }: Tensor, factor: number): Size {
  return [shape[2]! * shape[3]! * factor ** 2, shape[3]! * factor];
}
