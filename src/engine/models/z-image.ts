import { readSchedulerConfig } from '../../compiler/index.js';
import type { ComponentFolders } from '../catalog.js';
import type { Residency, Slot } from '../residency.js';
import type { SessionOptions } from '../session.js';
import type { Tensor } from '../tensor.js';
import { openTokenizer } from '../tokenizer.js';
import type { LatentScale, Posterior } from './autoencoder.js';
import { zImageComponents } from './components.js';
import type { Conditioned, Transformer } from './transformer.js';

/** Side of a latent's cell in pixels, and channels of a latent. */
export const LATENT_CELL = 8;
export const LATENT_CHANNELS = 16;

/** A Z-Image checkpoint, ready to be used. Its components are in memory, or come there when they are needed. */
export interface ZImage {
  /** Of the noise schedule. */
  readonly shift: number;
  /** Whether the next job finds in memory what costs most to load, or must fetch it in any case. */
  readonly ready: boolean;
  /** The prompt's embedding, [L, D]. */
  encodePrompt(prompt: string): Promise<Tensor>;
  /** The velocity field given these embeddings. */
  condition(embeddings: readonly Tensor[]): Conditioned;
  /** Latents [B, 16, h, w] → [B, 3, 8h, 8w], about −1 … 1. */
  decode(latents: Tensor): Promise<Tensor>;
  /** Picture [1, 3, H, W] of −1 … 1 → the posterior of its latents, before scaling. */
  encodeImage(image: Tensor): Promise<Posterior>;
  readonly latentScale: LatentScale;
  /** `decode`, quickly and roughly; null without a tiny autoencoder. */
  readonly preview: ((latents: Tensor) => Promise<Tensor>) | null;
  /** Takes its components out of memory. Another model that shares one opens it again. */
  dispose(): Promise<void>;
}

export interface LoadOptions extends SessionOptions {
  readonly maxPromptTokens: number;
  /** Where the components are kept. */
  readonly residency: Residency;
  /** Called between components; may throw, and so stop the loading. */
  readonly pause: () => Promise<void>;
}

/**
 * Makes a model ready: checks all its components and, where they fit into memory together, opens what every picture needs. Words alone
 * need no encoder, so it waits until it is used.
 *
 * @throws CheckpointError where a tensor is missing or has the wrong shape; TooLittleMemory
 */
export async function loadZImage(folders: ComponentFolders, options: LoadOptions): Promise<ZImage> {
  const { residency, maxPromptTokens, pause } = options;
  const { shift } = readSchedulerConfig(folders.scheduler);
  const tokenizer = openTokenizer(folders.tokenizer, maxPromptTokens);
  const components = zImageComponents(folders, residency, options);
  const { textEncoder, transformer, decoder, encoder, tinyDecoder, latentScale } = components;
  const held = await residency.hold(
    [textEncoder, transformer, decoder, ...(tinyDecoder === null ? [] : [tinyDecoder])],
    pause,
  );
  return {
    shift,
    get ready() {
      return !held || transformer.inMemory;
    },
    encodePrompt: (prompt) => textEncoder.use((it) => it.encode(tokenizer.encodePrompt(prompt).ids)),
    condition: (embeddings) => conditioned(transformer, (it) => it.condition(embeddings)),
    decode: (latents) => decoder.use((it) => it.decode(latents)),
    encodeImage: (image) => encoder.use((it) => it.encode(image)),
    latentScale,
    preview: tinyDecoder === null ? null : (latents) => tinyDecoder.use((it) => it.decode(latents)),
    async dispose() {
      for (const slot of [textEncoder, transformer, decoder, encoder, tinyDecoder])
        if (slot !== null) await residency.release(slot);
    },
  };
}

/** A velocity field whose transformer may leave memory between two calls, and is then given its conditions again. */
function conditioned(slot: Slot<Transformer>, condition: (transformer: Transformer) => Conditioned): Conditioned {
  let last: { readonly by: Transformer; readonly field: Conditioned } | null = null;
  const withField = <T>(work: (field: Conditioned) => Promise<T>) =>
    slot.use((transformer) => {
      if (last?.by !== transformer) last = { by: transformer, field: condition(transformer) };
      return work(last.field);
    });
  return {
    predict: (latents, times) => withField((field) => field.predict(latents, times)),
    velocity: (x, sigma) => withField((field) => field.velocity(x, sigma)),
    release() {
      last?.field.release();
      last = null;
    },
  };
}
