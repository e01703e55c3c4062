import { contentVersion } from '../../checkpoint/index.js';
import { type CompiledGraph, compileOmniTransformer, compileTransformer } from '../../compiler/index.js';
import type { ComponentLocations } from '../../domain/model-entry.js';
import type { Residency, Resident, Slot } from '../runtime/residency.js';
import type { SessionOptions } from '../runtime/session.js';
import {
  type Decoder,
  type LatentScale,
  openTinyDecoder,
  openVaeDecoder,
  openVaeEncoder,
  type VaeEncoder,
} from './autoencoder.js';
import { RowHalf } from './autoencoding.js';
import { type ImageEncoder, openImageEncoder } from './image-encoder.js';
import { type ReadModel, together } from './read-model.js';
import { openTextEncoder, type TextEncoder } from './text-encoder.js';
import { Transformer } from './transformer.js';
import type { Mode, TransformerGraphs } from './transformer-sessions.js';
import { type WorkingMemory, workingMemory } from './working-memory.js';

/** What a model is made for. That is trained, and the files do not tell. */
export interface Uses {
  /** Images from prompts alone. */
  readonly prompts: boolean;
  /** Images after references, as prompts say. */
  readonly instructions: boolean;
}

export interface ComponentOptions extends SessionOptions, Uses {
  readonly residency: Residency;
}

/** What a Z-Image model is made of. Each is opened when it is used; models of the same files share them. */
export class Components {
  readonly textEncoder: Slot<TextEncoder>;
  readonly transformer: Slot<Transformer>;
  readonly decoder: Slot<Decoder>;
  readonly encoder: Slot<VaeEncoder>;
  /** The same where they do not fit whole. */
  readonly decoderRows: RowHalf;
  readonly encoderRows: RowHalf;
  readonly tinyDecoder: Slot<Decoder> | null;
  /** Null where there is none, or the transformer has no use for one. */
  readonly imageEncoder: Slot<ImageEncoder> | null;
  readonly latentScale: LatentScale;
  readonly working: WorkingMemory;
  readonly #locations: ComponentLocations;
  readonly #options: ComponentOptions;

  constructor(locations: ComponentLocations, model: ReadModel, options: ComponentOptions) {
    this.#locations = locations;
    this.#options = options;
    const { vae, preview } = locations;
    const { textEncoder, decoder, encoder, tinyDecoder, imageEncoder } = model;
    this.textEncoder = this.#slot('the text encoder', [locations.textEncoder], [textEncoder], () =>
      openTextEncoder(textEncoder, options),
    );
    this.transformer = this.#transformerSlot(model);
    this.decoder = this.#slot('the decoder', [vae], [decoder], () => openVaeDecoder(decoder, options));
    this.encoder = this.#slot('the encoder', [vae], [encoder], () => openVaeEncoder(encoder, options));
    const [outer, second] = decoder.config.widths as [number, number];
    const rows = (half: 'decoder' | 'encoder', graph: CompiledGraph, channels: number, heldChannels: number) =>
      new RowHalf(half, vae, options.device, {
        // Each step opens and closes its own graph; together they have the weights of the whole.
        slot: this.#slot(`the ${half}`, [vae], [graph], async () => ({ async dispose() {} }), 'rows'),
        channels,
        heldChannels,
      });
    // The last level's first block: what comes in, what is between its halves, what comes out; and what the last step left.
    this.decoderRows = rows('decoder', decoder, second, 1.25 * second + 2 * outer);
    // The end of the first level: what goes on, what the last step left, and what comes out.
    this.encoderRows = rows('encoder', encoder, outer, 2 * outer + second / 4);
    this.tinyDecoder =
      tinyDecoder && this.#slot('the preview', [preview], [tinyDecoder], () => openTinyDecoder(tinyDecoder, options));
    this.imageEncoder =
      imageEncoder &&
      this.#slot('the image encoder', [locations.imageEncoder], [imageEncoder], () =>
        openImageEncoder(imageEncoder, options),
      );
    this.latentScale = decoder.config;
    this.working = workingMemory(
      {
        text: textEncoder.config,
        transformer: model.transformer.config,
        vae: decoder.config,
        tiny: tinyDecoder?.config ?? null,
        image: imageEncoder?.config ?? null,
      },
      options.device,
    );
  }

  /** All of them. */
  get slots(): readonly Slot<Resident>[] {
    const { textEncoder, transformer, decoder, encoder, imageEncoder, tinyDecoder, decoderRows, encoderRows } = this;
    return [
      textEncoder,
      transformer,
      decoder,
      encoder,
      imageEncoder,
      tinyDecoder,
      decoderRows.slot,
      encoderRows.slot,
    ].filter((slot) => slot !== null);
  }

  #transformerSlot({ transformer, omni, imageEncoder }: ReadModel): Slot<Transformer> {
    const { prompts, instructions } = this.#options;
    const omniMode: Mode = imageEncoder === null ? 'omni' : 'omni with features';
    const first = instructions && !prompts ? omniMode : 'prompts';
    // Features need weights that nothing else does.
    const { prepare, step } = imageEncoder === null ? transformer : omni!;
    return this.#slot('the transformer', [this.#locations.transformer, this.#locations.adapter], [prepare, step], () =>
      Transformer.open(transformer, this.#options, (mode, loras) => this.#graphsOf(mode, loras), first),
    );
  }

  #graphsOf(mode: Mode, loras: boolean): TransformerGraphs {
    const { transformer, adapter } = this.#locations;
    const options = { target: this.#options.device, adapter, loras };
    if (mode === 'prompts') return compileTransformer(transformer, options);
    return compileOmniTransformer(transformer, { ...options, siglip: mode === 'omni with features' });
  }

  #slot<T extends Resident>(
    name: string,
    files: readonly (string | null)[],
    graphs: readonly CompiledGraph[],
    open: () => Promise<T>,
    variant = '',
  ): Slot<T> {
    // Files that were replaced make another component.
    const version = contentVersion(files.filter((file) => file !== null));
    const key = [name, variant, version].join(' ');
    return this.#options.residency.slot({ key, name, memory: together(graphs), open });
  }
}
