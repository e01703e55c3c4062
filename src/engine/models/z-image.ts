import { contentVersion } from '../../checkpoint/index.js';
import { LATENT_CELL } from '../../domain/latent.js';
import { type ComponentLocations, type LoraEntry, locationsOf } from '../../domain/model-entry.js';
import type { AppliedLora } from '../engine.js';
import type { PromptCache } from '../pipelines/prompt-cache.js';
import type { Need, Residency } from '../runtime/residency.js';
import type { SessionOptions } from '../runtime/session.js';
import type { Tensor } from '../runtime/tensor.js';
import type { LatentScale, Posterior } from './autoencoder.js';
import { Autoencoding } from './autoencoding.js';
import { Components, type Uses } from './components.js';
import { Loras, type LowRankInputs } from './loras.js';
import { microBatch } from './micro-batch.js';
import type { NoisePredictor } from './noise-predictor.js';
import type { ConditionImage, Segments } from './omni.js';
import { type ReadOptions, readModel } from './read-model.js';
import type { ReferenceConditioning } from './reference-conditioning.js';
import { ResidentPredictor } from './resident-predictor.js';
import type { PromptTokenizer } from './tokenizer.js';
import type { Transformer } from './transformer.js';

export interface LoadOptions extends SessionOptions, Uses, ReadOptions {
  /** What may be added to it. */
  readonly loras: readonly LoraEntry[];
  /** Pixels of the image that its components should be able to make without leaving memory. */
  readonly pixels: number;
  /** Items of one call of the transformer, at most. */
  readonly maxBatch: number;
  /** Where the components are kept, and what they encoded. */
  readonly residency: Residency;
  readonly promptCache: PromptCache;
  /** Called between the parts of all that takes long, loading included; may throw, and so stop it. */
  readonly throwIfAborted: () => Promise<void>;
}

/** What all adaptations of a model share. */
interface Shared {
  /** The files that it was read from, and their version then. */
  readonly files: readonly string[];
  readonly version: string;
  readonly shift: number;
  readonly tokenizer: PromptTokenizer;
  readonly encoderVersion: string;
  readonly components: Components;
  readonly autoencoding: Autoencoding;
  readonly loras: Loras;
  readonly options: LoadOptions;
}

/** A Z-Image checkpoint, ready to be used. Its components are in memory, or are opened when they are needed. */
export class ZImage {
  readonly #shared: Shared;
  /** What LoRAs add to the transformer's layers. */
  readonly #changes: LowRankInputs;

  private constructor(shared: Shared, changes: LowRankInputs) {
    this.#shared = shared;
    this.#changes = changes;
  }

  /**
   * Makes a model ready: checks all its components and, where they fit into memory together, opens what every image needs. Prompts
   * alone need no encoder, so it waits until it is used.
   *
   * @throws CheckpointError where a tensor is missing or has the wrong shape, or the parts do not fit one another; TooLittleMemory
   */
  static async load(locations: ComponentLocations, options: LoadOptions): Promise<ZImage> {
    const { deciding, others } = locationsOf(locations);
    const files = [...deciding, ...others];
    // Before anything is read: what changes from here on is noticed.
    const version = contentVersion(files);
    const read = readModel(locations, options);
    const components = new Components(locations, read, options);
    const model = new ZImage(
      {
        ...{ files, version, components, options },
        shift: read.shift,
        tokenizer: read.tokenizer,
        encoderVersion: contentVersion([locations.textEncoder]),
        autoencoding: new Autoencoding(components, options),
        loras: new Loras(options.loras, locations.transformer),
      },
      {},
    );
    await options.residency.hold(model.#needs(), options.throwIfAborted);
    return model;
  }

  /** Of its files when it was read. */
  get version(): string {
    return this.#shared.version;
  }

  /** Whether its files are still the same. What was read while they were others is no model. */
  isUnchanged(): boolean {
    return contentVersion(this.#shared.files) === this.version;
  }

  /** Of the noise schedule. */
  get shift(): number {
    return this.#shared.shift;
  }

  /** Whether what costs most to load is in memory. */
  get isReady(): boolean {
    return this.#shared.components.transformer.inMemory;
  }

  get latentScale(): LatentScale {
    return this.#shared.components.latentScale;
  }

  /** The prompt's embedding, [L, D]. */
  encodePrompt(prompt: string): Promise<Tensor> {
    return this.#embed(this.#shared.tokenizer.encodePrompt(prompt).ids);
  }

  /** The noise predictor given these embeddings, one [L, D] an item. */
  promptPredictor(embeddings: readonly Tensor[]): NoisePredictor {
    const beside = { tokens: longest(embeddings.map((one) => [one])), pixels: 0 };
    return this.#predictor(embeddings, beside, (transformer, some) => transformer.promptPredictor(some, this.#changes));
  }

  /** How it makes images after references; null where it was not made for that. */
  get referenceConditioning(): ReferenceConditioning | null {
    const { components, tokenizer, options } = this.#shared;
    if (!options.instructions) return null;
    const { imageEncoder, working } = components;
    return {
      encodeSegment: (text) => this.#embed(tokenizer.encode(text).slice(0, options.limits.maxPromptTokens)),
      encodeVision: async (image) =>
        (await imageEncoder?.use((it) => it.encode(image), working.encodeVision())) ?? null,
      referencePredictor: (prompts, images) =>
        this.#predictor(prompts, besideTarget(prompts, images), (transformer, some) =>
          transformer.referencePredictor(some, images, this.#changes),
        ),
    };
  }

  /** Latents [B, 16, h, w] → [B, 3, 8h, 8w], about −1 … 1. */
  decode(latents: Tensor): Promise<Tensor> {
    return this.#shared.autoencoding.decode(latents);
  }

  /** Image [1, 3, H, W] of −1 … 1 → the posterior of its latents, before scaling. */
  encodeImage(image: Tensor): Promise<Posterior> {
    return this.#shared.autoencoding.encodeImage(image);
  }

  /** `decode`, quickly and roughly; null without a tiny autoencoder. */
  get preview(): ((latents: Tensor) => Promise<Tensor>) | null {
    const { tinyDecoder, working } = this.#shared.components;
    if (tinyDecoder === null) return null;
    return (latents) => tinyDecoder.use((it) => it.decode(latents), working.preview(pixelsOf(latents)));
  }

  /**
   * The same model with LoRAs added; this one stays as it is.
   *
   * @param versions of their files, by id, where others must not be read
   * @throws LoraError, FilesChanged
   */
  adapted(loras: readonly AppliedLora[], versions?: Readonly<Record<string, string>>): ZImage {
    return new ZImage(this.#shared, this.#shared.loras.inputs(loras, versions));
  }

  /** Takes its components out of memory. Another model that shares one opens it again. */
  async dispose(): Promise<void> {
    const { components, options } = this.#shared;
    for (const slot of components.slots) await options.residency.release(slot);
  }

  /** What every image needs, and the memory that it takes to work. */
  #needs(): readonly Need[] {
    const { components, autoencoding, options } = this.#shared;
    const { textEncoder, transformer, decoder, tinyDecoder, working } = components;
    const { pixels, limits } = options;
    return [
      { slot: textEncoder, workingBytes: working.encodePrompt(limits.maxPromptTokens) },
      { slot: transformer, workingBytes: working.predict(1, pixels, limits.maxPromptTokens) },
      { slot: decoder, workingBytes: autoencoding.decodingBytes(pixels) },
      ...(tinyDecoder === null ? [] : [{ slot: tinyDecoder, workingBytes: working.preview(pixels / 4) }]),
    ];
  }

  #embed(ids: readonly number[]): Promise<Tensor> {
    const { components, encoderVersion, options } = this.#shared;
    const { textEncoder, working } = components;
    return options.promptCache.embedding(encoderVersion, ids, () =>
      textEncoder.use((it) => it.encode(ids), working.encodePrompt(ids.length)),
    );
  }

  /** @param beside what a sequence has beside the target's own tokens */
  #predictor<T>(
    prompts: readonly T[],
    beside: { readonly tokens: number; readonly pixels: number },
    predictorOf: (transformer: Transformer, some: readonly T[]) => NoisePredictor,
  ): NoisePredictor {
    const { components, options } = this.#shared;
    const { transformer, working } = components;
    const { maxBatch, residency, throwIfAborted } = options;
    const bytesOf = (items: number, latents: Tensor) =>
      working.predict(items, pixelsOf(latents) + beside.pixels, beside.tokens);
    return microBatch(prompts, {
      predictorOf: (some) =>
        new ResidentPredictor(
          transformer,
          (it) => predictorOf(it, some),
          (latents) => bytesOf(some.length, latents),
        ),
      // As many as fit while nothing else is in memory, so that the batches do not depend on what was loaded before.
      mostItems: (latents) =>
        Math.min(maxBatch, Math.floor((residency.budgetBytes - transformer.memory.loaded) / bytesOf(1, latents))),
      throwIfAborted,
    });
  }
}

/** Of one item of latents [B, 16, h, w]. */
function pixelsOf({ shape }: Tensor): number {
  return shape[2]! * shape[3]! * LATENT_CELL ** 2;
}

/** Tokens of the longest prompt, whose parts are [L, D]. */
function longest(prompts: readonly Segments[]): number {
  return Math.max(...prompts.map((parts) => parts.reduce((sum, { shape }) => sum + shape[0]!, 0)));
}

function besideTarget(prompts: readonly Segments[], images: readonly ConditionImage[]) {
  const sum = (of: (image: ConditionImage) => number) => images.reduce((total, one) => total + of(one), 0);
  return {
    tokens: longest(prompts) + sum(({ vision }) => (vision === null ? 0 : vision.rows * vision.columns)),
    pixels: sum(({ latents }) => pixelsOf(latents)),
  };
}
