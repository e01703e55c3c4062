import {
  type CompiledGraph,
  compileOmniTransformer,
  compileTransformer,
  compileVaeDecoder,
  compileVaeEncoder,
  contentVersion,
} from '../../compiler/index.js';
import type { ComponentFolders } from '../catalog.js';
import type { Residency, Resident, Slot } from '../residency.js';
import type { SessionOptions } from '../session.js';
import type { Scale } from '../tiles.js';
import {
  type Decoder,
  type LatentScale,
  openTinyDecoder,
  openVaeDecoder,
  openVaeEncoder,
  type VaeEncoder,
} from './autoencoder.js';
import { type ImageEncoder, openImageEncoder } from './image-encoder.js';
import { type ReadModel, together } from './read-model.js';
import { openTextEncoder, type TextEncoder } from './text-encoder.js';
import { openMeter, openTileCoder, type TiledHalf } from './tiled-autoencoder.js';
import { openTransformer, type Transformer } from './transformer.js';
import type { GraphsOf, Mode } from './transformer-sessions.js';
import { type WorkingMemory, workingMemory } from './working-memory.js';

/** What a Z-Image model is made of. Each is opened when it is used; models of the same folders share them. */
export interface Components {
  readonly textEncoder: Slot<TextEncoder>;
  readonly transformer: Slot<Transformer>;
  readonly decoder: Slot<Decoder>;
  readonly encoder: Slot<VaeEncoder>;
  /** The same for large pictures. */
  readonly tiledDecoder: TiledHalf;
  readonly tiledEncoder: TiledHalf;
  readonly tinyDecoder: Slot<Decoder> | null;
  /** Null where there is none, or the transformer has no use for one. */
  readonly imageEncoder: Slot<ImageEncoder> | null;
  readonly latentScale: LatentScale;
  readonly working: WorkingMemory;
}

/** What a model is made for. That is trained, and the files do not tell. */
export interface Uses {
  /** Pictures from words alone. */
  readonly words: boolean;
  /** Pictures changed as words say. */
  readonly instructions: boolean;
}

export function zImageComponents(
  folders: ComponentFolders,
  model: ReadModel,
  residency: Residency,
  { device, threads, instructions, words }: SessionOptions & Uses,
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

  const { difference } = folders;
  const { textEncoder, transformer, decoder, encoder, tinyDecoder, imageEncoder } = model;
  const { vae, preview } = folders;
  const others: GraphsOf = (mode, loras) =>
    mode === 'words'
      ? compileTransformer(folders.transformer, { ...target, difference, loras })
      : compileOmniTransformer(folders.transformer, {
          ...target,
          difference,
          loras,
          siglip: mode === 'omni with features',
        });
  const omni: Mode = imageEncoder === null ? 'omni' : 'omni with features';
  // Features need weights that nothing else does.
  const { prepare, step } = imageEncoder === null ? transformer : model.omni!;
  const tiled = (name: string, compile: typeof compileVaeDecoder, scale: Scale): TiledHalf => {
    const [measured, given] = [
      compile(vae, { ...target, moments: 'measured' }),
      compile(vae, { ...target, moments: 'given' }),
    ];
    return {
      meter: slot(name, [vae], [measured], () => openMeter(measured, options), 'measured'),
      coder: slot(name, [vae], [given], () => openTileCoder(given, options), 'given'),
      scale,
    };
  };
  return {
    textEncoder: slot('the text encoder', [folders.textEncoder], [textEncoder], () =>
      openTextEncoder(textEncoder, options),
    ),
    transformer: slot('the transformer', [folders.transformer, difference], [prepare, step], () =>
      openTransformer(transformer, options, others, instructions && !words ? omni : 'words'),
    ),
    decoder: slot('the decoder', [folders.vae], [decoder], () => openVaeDecoder(decoder, options)),
    encoder: slot('the encoder', [folders.vae], [encoder], () => openVaeEncoder(encoder, options)),
    tiledDecoder: tiled('the decoder', compileVaeDecoder, { input: 1, output: 8 }),
    tiledEncoder: tiled('the encoder', compileVaeEncoder, { input: 8, output: 1 }),
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
