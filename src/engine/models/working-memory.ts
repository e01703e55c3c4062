import type {
  ImageEncoderConfig,
  TextEncoderConfig,
  TinyAutoencoderConfig,
  TransformerConfig,
  VaeConfig,
} from '../../compiler/index.js';
import { TOKEN_SIDE } from '../../domain/latent.js';
import type { Device } from '../engine.js';

/** Of the components; null where there is none. */
export interface Configs {
  readonly text: TextEncoderConfig;
  readonly transformer: TransformerConfig;
  readonly vae: VaeConfig;
  readonly tiny: TinyAutoencoderConfig | null;
  readonly image: ImageEncoderConfig | null;
}

/** What a model's components need beside their weights, in bytes. Pixels are those of one image. */
export interface WorkingMemory {
  encodePrompt(tokens: number): number;
  /** One call of the model with so many items. */
  predict(items: number, pixels: number, captionTokens: number): number;
  decode(pixels: number): number;
  encodeImage(pixels: number): number;
  preview(pixels: number): number;
  /** Of the image encoder, whose images are all of about one size. */
  encodeVision(): number;
}

const FLOAT = 4;
/** Of the values between the layers of text encoder and transformer. */
const between: Readonly<Record<Device, number>> = { cpu: FLOAT, cuda: 2, webgpu: FLOAT, 'webgpu-float32': FLOAT };

/**
 * The factors are measured on the CPU with the embedded model, as the growth of the process over several sizes, and rounded up:
 * ONNX Runtime's arena grows in powers of two.
 */
export function workingMemory({ text, transformer, vae, tiny, image }: Configs, device: Device): WorkingMemory {
  return {
    encodePrompt: (tokens) => 6 * (text.hidden + text.inner) * between[device] * tokens,
    predict: (items, pixels, captionTokens) =>
      10 * (transformer.dim + transformer.inner) * between[device] * items * (pixels / TOKEN_SIDE ** 2 + captionTokens),
    // The widest values are those that the last level begins with: the channels of the level before it, at full size.
    decode: (pixels) => 4 * vae.widths.at(1)! * FLOAT * pixels,
    encodeImage: (pixels) => 4 * vae.widths[0]! * FLOAT * pixels,
    encodeVision: () => (image === null ? 0 : 6 * (image.hidden + image.inner) * between[device] * image.maxPatches),
    preview: (pixels) => (tiny === null ? 0 : 6 * tiny.decoderWidths.at(-1)! * FLOAT * pixels),
  };
}
