import {
  compileTextEncoder,
  compileTinyDecoder,
  compileTransformer,
  compileVaeDecoder,
  compileVaeEncoder,
  readSchedulerConfig,
} from '../../compiler/index.js';
import type { ComponentFolders } from '../catalog.js';
import type { SessionOptions } from '../session.js';
import type { Tensor } from '../tensor.js';
import { openTokenizer } from '../tokenizer.js';
import { type LatentScale, openTinyDecoder, openVaeDecoder, openVaeEncoder, type Posterior } from './autoencoder.js';
import { openTextEncoder } from './text-encoder.js';
import { type Conditioned, openTransformer } from './transformer.js';

/** Side of a latent's cell in pixels, and channels of a latent. */
export const LATENT_CELL = 8;
export const LATENT_CHANNELS = 16;

/** A Z-Image checkpoint in memory. */
export interface ZImage {
  /** Of the noise schedule. */
  readonly shift: number;
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
  dispose(): Promise<void>;
}

export interface LoadOptions extends SessionOptions {
  readonly maxPromptTokens: number;
  /** Called between components; may throw, and so stop the loading. */
  readonly pause: () => Promise<void>;
}

/**
 * Loads a model's components, one after the other.
 *
 * @throws CheckpointError where a tensor is missing or has the wrong shape
 */
export async function loadZImage(folders: ComponentFolders, options: LoadOptions): Promise<ZImage> {
  const target = { target: options.device };
  const opened: { dispose(): Promise<void> }[] = [];
  const open = async <T extends { dispose(): Promise<void> }>(component: Promise<T>): Promise<T> => {
    const it = await component;
    opened.push(it);
    await options.pause();
    return it;
  };
  const dispose = async () => {
    for (const component of opened.splice(0)) await component.dispose();
  };

  try {
    const { shift } = readSchedulerConfig(folders.scheduler);
    const tokenizer = openTokenizer(folders.tokenizer, options.maxPromptTokens);
    const textEncoder = await open(openTextEncoder(compileTextEncoder(folders.textEncoder, target), options));
    const transformer = await open(openTransformer(compileTransformer(folders.transformer, target), options));
    const vae = compileVaeDecoder(folders.vae, target);
    const decoder = await open(openVaeDecoder(vae, options));
    // Words alone need no encoder.
    const encoder = once(() => open(openVaeEncoder(compileVaeEncoder(folders.vae, target), options)));
    const tiny =
      folders.preview === null
        ? null
        : await open(openTinyDecoder(compileTinyDecoder(folders.preview, target), options));
    return {
      shift,
      encodePrompt: (prompt) => textEncoder.encode(tokenizer.encodePrompt(prompt).ids),
      condition: (embeddings) => transformer.condition(embeddings),
      decode: (latents) => decoder.decode(latents),
      encodeImage: async (image) => (await encoder()).encode(image),
      latentScale: vae.config,
      preview: tiny === null ? null : (latents) => tiny.decode(latents),
      dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** The same promise at every call, until one is rejected. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | null = null;
  return () => {
    opened ??= open().catch((error: unknown) => {
      opened = null;
      throw error;
    });
    return opened;
  };
}
