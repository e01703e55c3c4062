import { contentVersion } from '../../checkpoint/index.js';
import { LATENT_CELL } from '../../domain/latent.js';
import { type ComponentLocations, type LoraEntry, locationsOf } from '../../domain/model-entry.js';
import type { AppliedLora } from '../engine.js';
import type { PromptCache } from '../pipelines/prompt-cache.js';
import type { Residency, Slot } from '../runtime/residency.js';
import type { SessionOptions } from '../runtime/session.js';
import type { Tensor } from '../runtime/tensor.js';
import type { LatentScale, Posterior } from './autoencoder.js';
import { autoencoding } from './autoencoding.js';
import { type Uses, zImageComponents } from './components.js';
import { Loras, type LowRankInputs } from './loras.js';
import { inParts } from './micro-batch.js';
import type { Conditioned } from './noise-predictor.js';
import type { ConditionImage, Segments } from './omni.js';
import { type ReadOptions, readModel } from './read-model.js';
import type { ReferencePredictor } from './reference-predictor.js';
import type { Transformer } from './transformer.js';

/** A Z-Image checkpoint, ready to be used. Its components are in memory, or come there when they are needed. */
export interface ZImage {
  /** Of its files when it was read. */
  readonly version: string;
  /** Whether they are still the same. What was read while they were others is no model. */
  unchanged(): boolean;
  /** Of the noise schedule. */
  readonly shift: number;
  /** Whether what costs most to load is in memory. */
  readonly ready: boolean;
  /** The prompt's embedding, [L, D]. */
  encodePrompt(prompt: string): Promise<Tensor>;
  /** The velocity field given these embeddings. */
  condition(embeddings: readonly Tensor[]): Conditioned;
  /** How it makes images after others; null where it was not made for that. */
  readonly instructed: ReferencePredictor | null;
  /** Latents [B, 16, h, w] → [B, 3, 8h, 8w], about −1 … 1. */
  decode(latents: Tensor): Promise<Tensor>;
  /** Image [1, 3, H, W] of −1 … 1 → the posterior of its latents, before scaling. */
  encodeImage(image: Tensor): Promise<Posterior>;
  readonly latentScale: LatentScale;
  /** `decode`, quickly and roughly; null without a tiny autoencoder. */
  readonly preview: ((latents: Tensor) => Promise<Tensor>) | null;
  /**
   * The same model with LoRAs added; this one stays as it is.
   *
   * @param versions of their files, by id, where others must not be read
   * @throws LoraError, FilesChanged
   */
  adapted(loras: readonly AppliedLora[], versions?: Readonly<Record<string, string>>): ZImage;
  /** Takes its components out of memory. Another model that shares one opens it again. */
  dispose(): Promise<void>;
}

export interface LoadOptions extends SessionOptions, Uses, ReadOptions {
  /** What may be added to it. */
  readonly loras: readonly LoraEntry[];
  /** Pixels of the image that its components should be able to make without leaving memory. */
  readonly pixels: number;
  /** Items of one forward, at most. */
  readonly maxBatch: number;
  /** Where the components are kept, and what they encoded. */
  readonly residency: Residency;
  readonly promptCache: PromptCache;
  /** Called between the parts of whatever takes long, loading included; may throw, and so stop it. */
  readonly pause: () => Promise<void>;
}

/**
 * Makes a model ready: checks all its components and, where they fit into memory together, opens what every image needs. Words alone
 * need no encoder, so it waits until it is used.
 *
 * @throws CheckpointError where a tensor is missing or has the wrong shape, or the parts do not fit one another; TooLittleMemory
 */
export async function loadZImage(folders: ComponentLocations, options: LoadOptions): Promise<ZImage> {
  const { residency, promptCache, maxBatch, pixels, pause } = options;
  const { maxPromptTokens } = options.limits;
  const { deciding, others } = locationsOf(folders);
  const files = [...deciding, ...others];
  // Before anything is read: what changes from here on is noticed.
  const version = contentVersion(files);
  const read = readModel(folders, options);
  const { shift, tokenizer } = read;
  const components = zImageComponents(folders, read, residency, options);
  const { textEncoder, transformer, decoder, imageEncoder, tinyDecoder, latentScale, working } = components;
  const autoencoder = autoencoding(components, residency, options, pause);
  await residency.hold(
    [
      { slot: textEncoder, workingBytes: working.encodePrompt(maxPromptTokens) },
      { slot: transformer, workingBytes: working.predict(1, pixels, maxPromptTokens) },
      { slot: decoder, workingBytes: autoencoder.decodingBytes(pixels) },
      ...(tinyDecoder === null ? [] : [{ slot: tinyDecoder, workingBytes: working.preview(pixels / 4) }]),
    ],
    pause,
  );
  const encoderContent = contentVersion([folders.textEncoder]);
  const embed = (ids: readonly number[]) =>
    promptCache.embedding(encoderContent, ids, () =>
      textEncoder.use((it) => it.encode(ids), working.encodePrompt(ids.length)),
    );
  const loras = new Loras(options.loras, folders.transformer);
  const field = <T>(
    prompts: readonly T[],
    beside: { readonly tokens: number; readonly pixels: number },
    of: (transformer: Transformer, some: readonly T[]) => Conditioned,
  ) => {
    const forward = (items: number, latents: Tensor) =>
      working.predict(items, pixelsOf(latents) + beside.pixels, beside.tokens);
    // As many at once as there is room for when nothing else is in memory, so that it does not depend on what was there before.
    const most = (latents: Tensor) =>
      Math.min(maxBatch, Math.floor((residency.budgetBytes - transformer.memory.loaded) / forward(1, latents)));
    return inParts(
      prompts,
      (some) =>
        conditioned(
          transformer,
          (it) => of(it, some),
          (latents) => forward(some.length, latents),
        ),
      most,
      pause,
    );
  };
  const changedBy = (changes: LowRankInputs): Pick<ZImage, 'condition' | 'instructed'> => ({
    condition: (embeddings) =>
      field(embeddings, { tokens: longest(embeddings.map((one) => [one])), pixels: 0 }, (it, some) =>
        it.condition(some, changes),
      ),
    instructed: options.instructions
      ? {
          encodeSegment: (text) => embed(tokenizer.encode(text).slice(0, maxPromptTokens)),
          see: async (image) => (await imageEncoder?.use((it) => it.encode(image), working.see())) ?? null,
          condition: (prompts, images) =>
            field(prompts, besideTarget(prompts, images), (it, some) => it.instruct(some, images, changes)),
        }
      : null,
  });
  const model: ZImage = {
    version,
    unchanged: () => contentVersion(files) === version,
    shift,
    get ready() {
      return transformer.inMemory;
    },
    encodePrompt: (prompt) => embed(tokenizer.encodePrompt(prompt).ids),
    ...changedBy({}),
    adapted: (applied, versions) => ({ ...model, ...changedBy(loras.inputs(applied, versions)) }),
    decode: autoencoder.decode,
    encodeImage: autoencoder.encodeImage,
    latentScale,
    preview:
      tinyDecoder === null
        ? null
        : (latents) => tinyDecoder.use((it) => it.decode(latents), working.preview(pixelsOf(latents))),
    async dispose() {
      const { encoder, decoderRows, encoderRows } = components;
      const rows = [decoderRows.slot, encoderRows.slot];
      for (const slot of [textEncoder, transformer, decoder, encoder, imageEncoder, tinyDecoder, ...rows])
        if (slot !== null) await residency.release(slot);
    },
  };
  return model;
}

/** Of one item of latents [B, 16, h, w]. */
function pixelsOf({ shape }: Tensor): number {
  return shape[2]! * shape[3]! * LATENT_CELL ** 2;
}

/** Tokens of the longest prompt, whose parts are [L, D]. */
function longest(prompts: readonly Segments[]): number {
  return Math.max(...prompts.map((parts) => parts.reduce((sum, { shape }) => sum + shape[0]!, 0)));
}

/** What a sequence has beside the target's own tokens. */
function besideTarget(prompts: readonly Segments[], images: readonly ConditionImage[]) {
  const sum = (of: (image: ConditionImage) => number) => images.reduce((total, one) => total + of(one), 0);
  return {
    tokens: longest(prompts) + sum(({ seen }) => (seen === null ? 0 : seen.rows * seen.columns)),
    pixels: sum(({ latents }) => pixelsOf(latents)),
  };
}

/** A velocity field whose transformer may leave memory between two calls, and is then given its conditions again. */
function conditioned(
  slot: Slot<Transformer>,
  condition: (transformer: Transformer) => Conditioned,
  workingBytes: (latents: Tensor) => number,
): Conditioned {
  let last: { readonly by: Transformer; readonly field: Conditioned } | null = null;
  const withField = <T>(latents: Tensor, work: (field: Conditioned) => Promise<T>) =>
    slot.use((transformer) => {
      if (last?.by !== transformer) last = { by: transformer, field: condition(transformer) };
      return work(last.field);
    }, workingBytes(latents));
  return {
    predict: (latents, times) => withField(latents, (field) => field.predict(latents, times)),
    velocity: (x, sigma) => withField(x, (field) => field.velocity(x, sigma)),
    release() {
      last?.field.release();
      last = null;
    },
  };
}
