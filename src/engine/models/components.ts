import {
  type CompiledGraph,
  compileImageEncoder,
  compileOmniTransformer,
  compileTextEncoder,
  compileTinyDecoder,
  compileTransformer,
  compileVaeDecoder,
  compileVaeEncoder,
  type Target,
  type TransformerConfig,
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
import { openTextEncoder, type TextEncoder } from './text-encoder.js';
import { openMeter, openTileCoder, type TiledHalf } from './tiled-autoencoder.js';
import { openTransformer, type Transformer } from './transformer.js';
import type { GraphsOf, Mode } from './transformer-sessions.js';
import { type WorkingMemory, workingMemory } from './working-memory.js';

/** What a Z-Image model is made of. Each is checked here and opened when it is used; models of the same folders share them. */
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

/** @throws CheckpointError where a tensor is missing or has the wrong shape */
export function zImageComponents(
  folders: ComponentFolders,
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
  ) => residency.slot({ key: [name, ...files].join(' '), name, memory: together(graphs), open });

  const textEncoder = compileTextEncoder(folders.textEncoder, target);
  const { difference } = folders;
  const transformer = compileTransformer(folders.transformer, { ...target, difference });
  const decoder = compileVaeDecoder(folders.vae, target);
  const encoder = compileVaeEncoder(folders.vae, target);
  const { vae, preview } = folders;
  const tinyDecoder = preview === null ? null : compileTinyDecoder(preview, target);
  const others: GraphsOf = (mode, loras) =>
    mode === 'words'
      ? compileTransformer(folders.transformer, { ...target, difference, loras })
      : compileOmniTransformer(folders.transformer, {
          ...target,
          difference,
          loras,
          siglip: mode === 'omni with features',
        });
  const imageEncoder = seeing(folders.imageEncoder, transformer.config, target);
  const omni: Mode = imageEncoder === null ? 'omni' : 'omni with features';
  // Features need weights that nothing else does.
  const { prepare, step } = imageEncoder === null ? transformer : others(omni, false);
  const tiled = (name: string, compile: typeof compileVaeDecoder, scale: Scale): TiledHalf => {
    const [measured, given] = [
      compile(vae, { ...target, moments: 'measured' }),
      compile(vae, { ...target, moments: 'given' }),
    ];
    return {
      meter: slot(name, [vae, 'measured'], [measured], () => openMeter(measured, options)),
      coder: slot(name, [vae, 'given'], [given], () => openTileCoder(given, options)),
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

/** The image encoder of a transformer that has a use for one. */
function seeing(folder: string | null, { siglipDim }: TransformerConfig, target: { readonly target: Target }) {
  return folder === null || siglipDim === null ? null : compileImageEncoder(folder, target);
}

/** Of graphs that are loaded one after the other. */
function together(graphs: readonly CompiledGraph[]): CompiledGraph['memory'] {
  return graphs.reduce(
    ({ loaded, loading }, { memory }) => ({
      loaded: loaded + memory.loaded,
      loading: Math.max(loading, loaded + memory.loading),
    }),
    { loaded: 0, loading: 0 },
  );
}
