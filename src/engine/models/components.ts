import { contentVersion } from '../../checkpoint/index.js';
import {
  type CompiledGraph,
  type CompiledRowStep,
  compileOmniTransformer,
  compileTransformer,
  compileVaeRows,
} from '../../compiler/index.js';
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
import type { RowHalf } from './autoencoding.js';
import { type ImageEncoder, openImageEncoder } from './image-encoder.js';
import { type ReadModel, together } from './read-model.js';
import { openTextEncoder, type TextEncoder } from './text-encoder.js';
import { openTransformer, type Transformer } from './transformer.js';
import type { GraphsOf, Mode } from './transformer-sessions.js';
import { type WorkingMemory, workingMemory } from './working-memory.js';

const FLOAT = 4;

/** What a Z-Image model is made of. Each is opened when it is used; models of the same folders share them. */
export interface Components {
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
}

/** What a model is made for. That is trained, and the files do not tell. */
export interface Uses {
  /** Images from words alone. */
  readonly prompts: boolean;
  /** Images changed as words say. */
  readonly instructions: boolean;
}

export function zImageComponents(
  folders: ComponentLocations,
  model: ReadModel,
  residency: Residency,
  { device, threads, instructions, prompts }: SessionOptions & Uses,
): Components {
  const target = { target: device };
  const options = { device, threads };
  const slot = <T extends Resident>(
    name: string,
    files: readonly (string | null)[],
    graphs: readonly CompiledGraph[],
    open: () => Promise<T>,
    variant = '',
  ) => {
    // Files that were replaced make another component.
    const version = contentVersion(files.filter((file) => file !== null));
    return residency.slot({ key: [name, variant, version].join(' '), name, memory: together(graphs), open });
  };

  const { adapter } = folders;
  const { textEncoder, transformer, decoder, encoder, tinyDecoder, imageEncoder } = model;
  const { vae, preview } = folders;
  const others: GraphsOf = (mode, loras) =>
    mode === 'words'
      ? compileTransformer(folders.transformer, { ...target, adapter, loras })
      : compileOmniTransformer(folders.transformer, {
          ...target,
          adapter,
          loras,
          siglip: mode === 'omni with features',
        });
  const omni: Mode = imageEncoder === null ? 'omni' : 'omni with features';
  // Features need weights that nothing else does.
  const { prepare, step } = imageEncoder === null ? transformer : model.omni!;
  const [outer, second] = decoder.config.widths as [number, number];
  const rows = (half: 'decoder' | 'encoder', graph: CompiledGraph, channels: number, heldChannels: number): RowHalf => {
    let steps: readonly CompiledRowStep[] | null = null;
    return {
      steps() {
        steps ??= compileVaeRows(half, vae, target);
        return steps;
      },
      // Each step opens and closes its own graph; together they have the weights of the whole.
      slot: slot(`the ${half}`, [vae], [graph], async () => ({ async dispose() {} }), 'rows'),
      channels,
      held: (pixels) => heldChannels * FLOAT * pixels,
    };
  };
  return {
    textEncoder: slot('the text encoder', [folders.textEncoder], [textEncoder], () =>
      openTextEncoder(textEncoder, options),
    ),
    transformer: slot('the transformer', [folders.transformer, adapter], [prepare, step], () =>
      openTransformer(transformer, options, others, instructions && !prompts ? omni : 'words'),
    ),
    decoder: slot('the decoder', [folders.vae], [decoder], () => openVaeDecoder(decoder, options)),
    encoder: slot('the encoder', [folders.vae], [encoder], () => openVaeEncoder(encoder, options)),
    // The last level's first block: what comes in, what is between its halves, what comes out; and what the last step left.
    decoderRows: rows('decoder', decoder, second, 1.25 * second + 2 * outer),
    // The end of the first level: what goes on, what the last step left, and what comes out.
    encoderRows: rows('encoder', encoder, outer, 2 * outer + second / 4),
    tinyDecoder:
      tinyDecoder === null
        ? null
        : slot('the preview', [preview], [tinyDecoder], () => openTinyDecoder(tinyDecoder, options)),
    imageEncoder:
      imageEncoder === null
        ? null
        : slot('the image encoder', [folders.imageEncoder], [imageEncoder], () =>
            openImageEncoder(imageEncoder, options),
          ),
    latentScale: decoder.config,
    working: workingMemory(
      {
        text: textEncoder.config,
        transformer: transformer.config,
        vae: decoder.config,
        tiny: tinyDecoder?.config ?? null,
        image: imageEncoder?.config ?? null,
      },
      device,
    ),
  };
}
