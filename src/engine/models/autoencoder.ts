import type { CompiledGraph } from '../../compiler/index.js';
import { openSession, type SessionOptions } from '../runtime/session.js';
import { concat, items, type Tensor } from '../runtime/tensor.js';

/** Latents [B, 16, h, w] → [B, 3, 8h, 8w], about −1 … 1. */
export interface Decoder {
  decode(latents: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

/** FLUX's AutoencoderKL. Its graph undoes the scaling and shift of the latents. */
export async function openVaeDecoder(graph: CompiledGraph, options: SessionOptions): Promise<Decoder> {
  const session = await openSession(graph, options);
  return {
    // Item by item: the decoder takes more working memory than any other part, and a batch saves no time.
    async decode(latents) {
      const decoded: Tensor[] = [];
      for (let i = 0; i < latents.shape[0]!; i++) {
        const run = await session.run({ latents: items(latents, i, i + 1) });
        decoded.push(run.decoded!.read());
      }
      return concat(decoded);
    },
    dispose: () => session.dispose(),
  };
}

/** A TAEF1: quick and rough, and takes the latents as the diffusion model has them. */
export const openTinyDecoder = openVaeDecoder;

/** The posterior of an image's latents, before scaling: both [1, 16, H/8, W/8]. */
export interface Posterior {
  readonly mean: Tensor;
  readonly logvar: Tensor;
}

export interface VaeEncoder {
  /** Image [1, 3, H, W] of −1 … 1. */
  encode(image: Tensor): Promise<Posterior>;
  dispose(): Promise<void>;
}

export async function openVaeEncoder(graph: CompiledGraph, options: SessionOptions): Promise<VaeEncoder> {
  const session = await openSession(graph, options);
  return {
    async encode(image) {
      const { mean, logvar } = await session.run({ image });
      return { mean: mean!.read(), logvar: logvar!.read() };
    },
    dispose: () => session.dispose(),
  };
}

export interface TinyEncoder {
  /** Image [1, 3, H, W] of −1 … 1 → latents as the diffusion model has them. */
  encode(image: Tensor): Promise<Tensor>;
  dispose(): Promise<void>;
}

export async function openTinyEncoder(graph: CompiledGraph, options: SessionOptions): Promise<TinyEncoder> {
  const session = await openSession(graph, options);
  return {
    async encode(image) {
      const { latents } = await session.run({ image });
      return latents!.read();
    },
    dispose: () => session.dispose(),
  };
}

/** Scaling and shift between the autoencoder's latents and the diffusion model's. */
export interface LatentScale {
  readonly scalingFactor: number;
  readonly shiftFactor: number;
}

/** The posterior's most likely latents, as the diffusion model has them. */
export function mode({ mean }: Posterior, { scalingFactor, shiftFactor }: LatentScale): Tensor {
  return { shape: mean.shape, data: mean.data.map((value) => (value - shiftFactor) * scalingFactor) };
}

/** Latents drawn from the posterior with the given normal noise: mean + e^(logvar/2)·ε, scaled. */
export function sample({ mean, logvar }: Posterior, noise: Tensor, scale: LatentScale): Tensor {
  // diffusers bounds the logarithm so, in DiagonalGaussianDistribution.
  const deviation = (value: number) => Math.exp(0.5 * Math.min(20, Math.max(-30, value)));
  const drawn = mean.data.map((value, i) => value + deviation(logvar.data[i]!) * noise.data[i]!);
  return mode({ mean: { shape: mean.shape, data: drawn }, logvar }, scale);
}
