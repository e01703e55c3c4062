import { type CompiledRowStep, compileVaeRows } from '../../compiler/index.js';
import { LATENT_CELL } from '../../domain/latent.js';
import type { Device } from '../engine.js';
import type { Residency, Resident, Slot } from '../runtime/residency.js';
import type { SessionOptions } from '../runtime/session.js';
import { concat, items, type Tensor, tensor } from '../runtime/tensor.js';
import type { Posterior } from './autoencoder.js';
import type { Components } from './components.js';
import { bandLimits, computeInRows } from './row-coder.js';

/** Pixels above which an image is never taken whole. */
const LARGE = 2 ** 20;
const FLOAT = 4;

interface RowHalfOptions {
  /** The step that is being computed, in memory. */
  readonly slot: Slot<Resident>;
  /** Channels of the widest values at the image's full size. */
  readonly channels: number;
  /** Channels, at full size, of all values that are held at once. */
  readonly heldChannels: number;
}

/** Half of an autoencoder that is computed some rows at a time. */
export class RowHalf {
  readonly slot: Slot<Resident>;
  readonly channels: number;
  readonly #heldChannels: number;
  readonly #compile: () => readonly CompiledRowStep[];
  #steps: readonly CompiledRowStep[] | null = null;

  constructor(
    half: 'decoder' | 'encoder',
    location: string,
    target: Device,
    { slot, channels, heldChannels }: RowHalfOptions,
  ) {
    this.slot = slot;
    this.channels = channels;
    this.#heldChannels = heldChannels;
    this.#compile = () => compileVaeRows(half, location, { target });
  }

  /** Compiled when they are first needed. */
  get steps(): readonly CompiledRowStep[] {
    this.#steps ??= this.#compile();
    return this.#steps;
  }

  /** Bytes that all values take which are held at once, of an image of so many pixels. */
  heldBytes(pixels: number): number {
    return this.#heldChannels * FLOAT * pixels;
  }
}

interface AutoencodingOptions extends SessionOptions {
  readonly residency: Residency;
  /** Called between the parts of the work; may throw, and so stop. */
  readonly throwIfAborted: () => Promise<void>;
}

/** The autoencoder at any size: whole where there is room, else in rows. Both give the same, within a level of 255. */
export class Autoencoding {
  readonly #components: Components;
  readonly #options: AutoencodingOptions;

  constructor(components: Components, options: AutoencodingOptions) {
    this.#components = components;
    this.#options = options;
  }

  /** Latents [B, 16, h, w] → [B, 3, 8h, 8w], about −1 … 1. */
  async decode(latents: Tensor): Promise<Tensor> {
    const { decoder, decoderRows, working } = this.#components;
    const images: Tensor[] = [];
    for (let i = 0; i < latents.shape[0]!; i++) {
      const item = items(latents, i, i + 1);
      const size = sizeOf(item, LATENT_CELL);
      const bytes = working.decode(size.pixels);
      if (i > 0) await this.#options.throwIfAborted();
      images.push(
        this.#fitsWhole(decoder, size.pixels, bytes)
          ? await decoder.use((it) => it.decode(item), bytes)
          : await this.#inRows(decoderRows, item, size),
      );
    }
    return concat(images);
  }

  /** Image [1, 3, H, W] of −1 … 1 → the posterior of its latents, before scaling. */
  async encodeImage(image: Tensor): Promise<Posterior> {
    const { encoder, encoderRows, working } = this.#components;
    const size = sizeOf(image, 1);
    const bytes = working.encodeImage(size.pixels);
    if (this.#fitsWhole(encoder, size.pixels, bytes)) return encoder.use((it) => it.encode(image), bytes);
    const { shape, data } = await this.#inRows(encoderRows, image, size);
    const half = [1, shape[1]! / 2, ...shape.slice(2)];
    return {
      mean: tensor(half, data.subarray(0, data.length / 2)),
      logvar: tensor(half, data.subarray(data.length / 2)),
    };
  }

  /** What decoding an image of so many pixels needs beside the decoder, in bytes. */
  decodingBytes(pixels: number): number {
    const { decoder, decoderRows, working } = this.#components;
    const bytes = working.decode(pixels);
    if (this.#fitsWhole(decoder, pixels, bytes)) return bytes;
    return decoderRows.heldBytes(pixels) + bandLimits(decoderRows.channels, Math.sqrt(pixels)).least;
  }

  #fitsWhole({ memory }: Slot<Resident>, pixels: number, bytes: number): boolean {
    return pixels <= LARGE && memory.loaded + bytes <= this.#options.residency.budgetBytes;
  }

  #inRows(half: RowHalf, input: Tensor, { pixels, width }: Size): Promise<Tensor> {
    const { least, most } = bandLimits(half.channels, width);
    const held = half.heldBytes(pixels);
    const room = this.#options.residency.budgetBytes - half.slot.memory.loaded - held;
    const bandBytes = Math.max(least, Math.min(most, room));
    return half.slot.use(() => computeInRows(half.steps, input, { ...this.#options, bandBytes }), held + bandBytes);
  }
}

/** Of an image, in pixels. */
interface Size {
  readonly pixels: number;
  readonly width: number;
}

function sizeOf({ shape }: Tensor, factor: number): Size {
  return { pixels: shape[2]! * shape[3]! * factor ** 2, width: shape[3]! * factor };
}
